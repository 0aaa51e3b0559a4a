/**
 * Outbound certificates of connections: what a Key Vault holds for Azure's gateway, imported here. `sallyport certificate` calls this.
 * A private key goes in and never comes out but to the host whose plan needs it. Why no Key Vault: docs/adr/0035.
 */
import * as z from 'zod';
import type { JsonObject } from '@sallyport/model';
import { certificateName, certificateSecretId, errorOfIssues, isCertificateName, outboundCertificateIssues } from '@sallyport/model';
import type { ArmContext, ArmModule } from '../arm/context.ts';
import type { ArmRequest, ArmResponse } from '../arm/message.ts';
import { ArmFailure, jsonBody } from '../arm/message.ts';
import type { PathParameters } from '../arm/router.ts';
import { deleteRecord, getRecord, putRecord } from '../store/records.ts';
import type { SecretRecord } from '../store/records.ts';
import { readCertificate } from './read-certificate.ts';

const collection = '/providers/Sallyport.KeyVault/certificates';
const importBody = z.looseObject({ value: z.string().max(256 * 1024) });

export function certificateRoutes(context: ArmContext): ArmModule {
  const one = `${collection}/{name}`;
  return {
    routes: [
      {
        method: 'GET',
        pattern: collection,
        handle: () => ({ status: 200, body: { value: listCertificates(context).map(viewCertificate) } }),
      },
      { method: 'GET', pattern: one, handle: (_request, path) => get(context, path) },
      { method: 'PUT', pattern: one, handle: (request, path) => put(context, request, path) },
      { method: 'DELETE', pattern: one, handle: (_request, path) => remove(context, path) },
    ],
  };
}

export type StoredCertificate = { readonly name: string; readonly version: number; readonly notAfter: string; readonly view: JsonObject };

export function listCertificates(context: Pick<ArmContext, 'store'>): readonly StoredCertificate[] {
  const prefix = certificateSecretId('').replace(/#.*$/, '');
  return context.store.list('secret').flatMap(({ key, value }) => {
    if (!key.startsWith(prefix)) return [];
    const stored = storedCertificate(key.slice(prefix.length).replace(/#.*$/, ''), value as SecretRecord); // kind says so
    return stored === undefined ? [] : [stored];
  });
}

export function findCertificate(context: Pick<ArmContext, 'store'>, keyVaultId: string): StoredCertificate | undefined {
  const name = certificateName(keyVaultId);
  const record = name === undefined ? undefined : getRecord(context.store, 'secret', certificateSecretId(name));
  return name === undefined || record === undefined ? undefined : storedCertificate(name, record);
}

function storedCertificate(name: string, { value, version }: SecretRecord): StoredCertificate | undefined {
  const read = readCertificate(value);
  if ('reason' in read) return undefined; // only ever stored after it was read
  const { subject, issuer, thumbprint, notBefore, notAfter, chain } = read;
  return { name, version, notAfter, view: { name, version, subject, issuer, thumbprint, notBefore, notAfter, chain } };
}

function viewCertificate({ view }: StoredCertificate): JsonObject {
  return view;
}

function get(context: ArmContext, path: PathParameters): ArmResponse {
  const name = path.get('name') ?? '';
  const record = getRecord(context.store, 'secret', certificateSecretId(name));
  const stored = record === undefined ? undefined : storedCertificate(name.toLowerCase(), record);
  if (stored === undefined) throw failure(404, 'CertificateNotFound', `There is no certificate '${name}'.`);
  return { status: 200, body: viewCertificate(stored) };
}

async function put(context: ArmContext, request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const name = path.get('name') ?? '';
  if (!isCertificateName(name))
    throw failure(400, 'InvalidCertificateName', `The name '${name}' is invalid. It has 1 to 127 letters, digits and hyphens.`);
  const parsed = importBody.safeParse(jsonBody(request));
  if (!parsed.success) throw failure(400, 'InvalidCertificate', "The body must be an object with a string 'value'.");
  const read = readCertificate(parsed.data.value);
  if ('reason' in read) throw failure(400, 'InvalidCertificate', `The certificate is invalid: ${read.reason}.`);
  const refused = errorOfIssues(outboundCertificateIssues(read.facts));
  if (refused !== undefined) throw new ArmFailure(refused);
  const id = certificateSecretId(name);
  const known = getRecord(context.store, 'secret', id);
  const record: SecretRecord = known?.value === read.pem ? known : { value: read.pem, version: (known?.version ?? 0) + 1 };
  if (record !== known) await context.store.commit([putRecord('secret', id, record)]);
  context.log.info({ certificate: name, version: record.version, thumbprint: read.thumbprint }, 'certificate imported');
  return get(context, path);
}

async function remove(context: ArmContext, path: PathParameters): Promise<ArmResponse> {
  const name = path.get('name') ?? '';
  const users = context.resources.list('Microsoft.Network/connections').filter(({ properties }) => {
    const settings = properties['certificateAuthentication'] as { readonly outboundAuthCertificate?: string } | undefined; // its schema says so
    return (
      properties['authenticationType'] === 'Certificate' && certificateName(settings?.outboundAuthCertificate ?? '') === name.toLowerCase()
    );
  });
  if (users.length > 0)
    throw failure(409, 'CertificateInUse', `The certificate '${name}' is used by ${users.map(({ id }) => id).join(', ')}.`);
  const id = certificateSecretId(name);
  if (getRecord(context.store, 'secret', id) === undefined) return { status: 204 };
  await context.store.commit([deleteRecord('secret', id)]);
  return { status: 200 };
}

function failure(status: number, code: string, message: string): ArmFailure {
  return new ArmFailure({ status, code, message, details: [], isFromFrontDoor: false });
}
