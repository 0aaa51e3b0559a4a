/**
 * supportedvpndevices and vpndeviceconfigurationscript (VGW-DEV-001, VGW-DEV-002): which devices there are scripts for, and the script of one connection.
 * A script holds the connection's key, so each one given out is logged, without what it says, and only a POST gets it.
 */
import * as z from 'zod';
import { armErrors, connectionSecrets, isSameResource, secretId } from '@sallyport/model';
import type { ArmError } from '@sallyport/model';
import type { ArmResponse } from '../../arm/message.ts';
import { ArmFailure, jsonBody } from '../../arm/message.ts';
import { deviceScriptFacts } from '../../device-scripts/connection-facts.ts';
import { deviceFamilies, findDeviceFamily } from '../../device-scripts/families.ts';
import { renderDeviceScript } from '../../device-scripts/render.ts';
import { supportedDevicesXml } from '../../device-scripts/supported-devices.ts';
import { getRecord } from '../../store/records.ts';
import type { Action, ActionCall } from './action.ts';

const scriptBody = z.looseObject({ vendor: z.string(), deviceFamily: z.string(), firmwareVersion: z.string() });

export const deviceScriptActions: readonly Action[] = [
  {
    method: 'POST',
    type: 'virtualNetworkGateways',
    path: 'supportedvpndevices',
    answer: () => ({ status: 200, body: supportedDevicesXml(deviceFamilies) }),
  },
  { method: 'POST', type: 'connections', path: 'vpndeviceconfigurationscript', answer: script },
];

function script({ context, request, existing }: ActionCall): ArmResponse {
  const parsed = scriptBody.safeParse(jsonBody(request));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ArmFailure(armErrors.invalidRequestFormat([`${issue?.message ?? 'Invalid'}. Path '${issue?.path.join('.') ?? ''}'.`]));
  }
  const family = findDeviceFamily(parsed.data);
  if (family === undefined) throw refusal('VpnDeviceNotSupported', unknownDevice(parsed.data));
  const plan = context.live.plan();
  const facts = deviceScriptFacts(family, {
    connection: existing,
    plan: plan?.plan,
    resource: context.resources.get,
    sharedKey: getRecord(context.store, 'secret', secretId(existing.id, connectionSecrets.sharedKey))?.value,
  });
  if ('refused' in facts) {
    if (facts.refused === 'NotExpressible')
      throw refusal(
        'VpnDeviceScriptPolicyNotSupported',
        `${family.language.title} has no ${facts.because}, which connection ${existing.id} needs. Give the connection an IPsec policy the device has.`,
      );
    const entry = plan?.report.find(({ resource }) => isSameResource(resource, existing.id));
    throw refusal(
      'VpnDeviceScriptNotAvailable',
      `There is no device configuration script for connection ${existing.id}: ${entry?.reason?.message ?? facts.because}.`,
    );
  }
  const { vendor, firmwareVersion } = family;
  context.log.info(
    { resource: existing.id, correlationId: request.correlationId, vendor, deviceFamily: family.family, firmwareVersion },
    'device configuration script with shared key given out',
  );
  return { status: 200, body: renderDeviceScript(family, facts) };
}

function unknownDevice({ vendor, deviceFamily, firmwareVersion }: z.output<typeof scriptBody>): string {
  const known = deviceFamilies.map((device) => `'${device.vendor}, ${device.family}, ${device.firmwareVersion}'`);
  return `The VPN device with vendor '${vendor}', device family '${deviceFamily}' and firmware version '${firmwareVersion}' is not supported. Supported devices are: ${known.join('; ')}.`;
}

function refusal(code: string, message: string): ArmFailure {
  const error: ArmError = { status: 400, code, message, details: [], isFromFrontDoor: false };
  return new ArmFailure(error);
}
