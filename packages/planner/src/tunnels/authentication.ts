/** How a tunnel's two ends prove who they are: a shared key, or certificates. References only; no value comes here. */
import { certificateName, certificateSecretId, secretId, type Connection, type IkePlan, type Resource } from '@sallyport/model';
import type { Context } from '../draft.ts';
import type { ReportEntry } from '../input.ts';
import { notPlanned } from '../reason.ts';

export type Authentication =
  | Required<Pick<IkePlan, 'certificate' | 'localId' | 'remoteId'>>
  | (Required<Pick<IkePlan, 'sharedKey'>> & Pick<IkePlan, 'previousSharedKey'>);

export function authenticationOf(
  { secretVersions, retiringSecrets }: Context,
  resource: Resource,
  { properties }: Connection,
): Authentication | ReportEntry {
  if (properties.authenticationType === 'Certificate') {
    const {
      outboundAuthCertificate = '',
      inboundAuthCertificateSubjectName = '',
      inboundAuthCertificateChain = [],
    } = properties.certificateAuthentication ?? {};
    const name = certificateName(outboundAuthCertificate) ?? '';
    const id = certificateSecretId(name);
    const version = secretVersions.get(id);
    if (version === undefined)
      return notPlanned(resource, 'CertificateMissing', `its outbound certificate ${name} was not imported (sallyport certificate import)`);
    const authorities = inboundAuthCertificateChain;
    return {
      certificate: { own: { id, version }, authorities },
      localId: '%certificate',
      remoteId: subject(inboundAuthCertificateSubjectName),
    };
  }
  const id = secretId(resource.id, 'sharedKey');
  const version = secretVersions.get(id);
  if (version === undefined) return notPlanned(resource, 'SharedKeyMissing', 'it has no shared key');
  const previousSharedKey = retiringSecrets.get(id);
  return { sharedKey: { id, version }, ...(previousSharedKey === undefined ? {} : { previousSharedKey }) };
}

/** A bare name is a common name. */
function subject(name: string): string {
  return name.includes('=') ? name : `CN=${name}`;
}
