/** A connection whose own certificate has run out, or soon will: the device refuses it then and can't say why. */
import { X509Certificate } from 'node:crypto';
import type { Resource } from '@sallyport/model';
import type { ArmContext } from '../arm/context.ts';
import { findCertificate } from '../certificates/routes.ts';
import type { Condition } from './conditions.ts';

const warnBeforeMs = 30 * 24 * 3600 * 1000;

type Settings = { readonly outboundAuthCertificate?: string; readonly inboundAuthCertificateChain?: readonly string[] };

export function certificateConditions(context: ArmContext, connection: Resource): readonly Condition[] {
  if (connection.properties['authenticationType'] !== 'Certificate') return [];
  const { outboundAuthCertificate = '', inboundAuthCertificateChain = [] } =
    (connection.properties['certificateAuthentication'] as Settings | undefined) ?? {}; // its schema says so
  const own = findCertificate(context, outboundAuthCertificate);
  return [
    ...(own === undefined ? [] : expiry(context, connection, `its outbound certificate ${own.name}`, own.notAfter)),
    ...inboundAuthCertificateChain.flatMap((data, index) =>
      expiry(context, connection, `certificate ${index} of its inbound chain`, notAfterOf(data)),
    ),
  ];
}

function expiry({ clock }: ArmContext, connection: Resource, what: string, notAfter: string | undefined): readonly Condition[] {
  if (notAfter === undefined) {
    const text = `connection ${connection.name}: ${what} is no X.509 certificate that can be read`;
    return [{ code: 'CertificateUnreadable', severity: 'error', title: 'A certificate can not be read', text, resource: connection.id }];
  }
  const leftMs = Date.parse(notAfter) - clock.now();
  if (leftMs > warnBeforeMs) return [];
  const isOver = leftMs <= 0;
  return [
    {
      code: isOver ? 'CertificateExpired' : 'CertificateExpiring',
      severity: isOver ? 'error' : 'warning',
      title: isOver ? 'A certificate has expired' : 'A certificate expires soon',
      text: `connection ${connection.name}: ${what} ${isOver ? 'expired' : 'expires'} on ${notAfter}`,
      resource: connection.id,
    },
  ];
}

function notAfterOf(data: string): string | undefined {
  try {
    return new Date(new X509Certificate(Buffer.from(data, 'base64')).validTo).toISOString();
  } catch {
    return undefined;
  }
}
