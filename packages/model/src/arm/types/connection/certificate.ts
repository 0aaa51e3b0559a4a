/**
 * Certificates of site-to-site connections. The outbound one is named by a Key Vault id; here it is one that was imported
 * into the control plane under the same name (docs/adr/0035). Reading X.509 is the control plane's, which has the means; the
 * facts it finds are judged here.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/site-to-site-certificate-authentication-gateway-portal
 */
import type { Issue } from '../../../issue.ts';
import { refuse, when } from '../../rules/refuse.ts';
import type { RuleContext } from '../../resource.ts';
import { asVirtualNetworkGateway, type Connection } from '../typed.ts';
import { isCertificateData } from '../virtual-network-gateway/certificate-data.ts';

/** `site` of `https://VAULT/secrets/site/0123…` or `…/certificates/site`. Vault and version are not looked at. */
export function certificateName(keyVaultId: string): string | undefined {
  return /^https:\/\/[^/]+\/(?:secrets|certificates)\/([0-9a-z-]{1,127})(?:\/[0-9a-z]*)?\/?$/i.exec(keyVaultId)?.[1]?.toLowerCase();
}

export function isCertificateName(name: string): boolean {
  return /^[0-9a-z-]{1,127}$/i.test(name);
}

/** Where an imported certificate is stored and planned. */
export function certificateSecretId(name: string): string {
  return `/providers/sallyport.keyvault/certificates/${name.toLowerCase()}#certificate`;
}

export function certificateIssues(connection: Connection, { lookup }: RuleContext): readonly Issue[] {
  const { authenticationType, certificateAuthentication, connectionType, virtualNetworkGateway1 } = connection.properties;
  if (authenticationType !== 'Certificate') return [];
  const {
    outboundAuthCertificate: outbound = '',
    inboundAuthCertificateSubjectName: subject = '',
    inboundAuthCertificateChain: chain = [],
  } = certificateAuthentication ?? {};
  const target = 'properties.certificateAuthentication';
  const gateway = asVirtualNetworkGateway(lookup.get(virtualNetworkGateway1.id));
  return [
    ...when(connectionType !== 'IPsec', () =>
      refuse(
        'VGW-CERT-001',
        'CertificateAuthenticationNotSupportedForConnectionType',
        `Connection ${connection.id} of type ${connectionType} cannot authenticate by certificate.`,
        'properties.authenticationType',
      ),
    ),
    ...when(gateway?.properties.sku.name === 'Basic', () =>
      refuse(
        'VGW-CERT-002',
        'CertificateAuthenticationNotSupportedForBasicSku',
        `Connection ${connection.id} cannot authenticate by certificate because gateway ${virtualNetworkGateway1.id} is of sku Basic.`,
        'properties.authenticationType',
      ),
    ),
    ...when(outbound === '' || subject.trim() === '' || chain.length === 0, () =>
      refuse(
        'VGW-CERT-003',
        'CertificateAuthenticationIncomplete',
        `Connection ${connection.id} authenticates by certificate and needs OutboundAuthCertificate, InboundAuthCertificateSubjectName and InboundAuthCertificateChain.`,
        target,
      ),
    ),
    ...when(outbound !== '' && certificateName(outbound) === undefined, () =>
      refuse(
        'VGW-CERT-004',
        'InvalidOutboundAuthCertificate',
        `The OutboundAuthCertificate of connection ${connection.id} is invalid. It must be the id of a Key Vault certificate or secret, such as https://VAULT/certificates/NAME.`,
        `${target}.outboundAuthCertificate`,
      ),
    ),
    ...chain.flatMap((data, index) =>
      when(!isCertificateData(data), () =>
        refuse(
          'VGW-CERT-005',
          'InvalidInboundAuthCertificateChain',
          `Certificate ${index} of the InboundAuthCertificateChain of connection ${connection.id} is invalid. It must be the base64 text of an X.509 certificate.`,
          `${target}.inboundAuthCertificateChain[${index}]`,
        ),
      ),
    ),
  ];
}

/** What was read of a certificate that is to be imported. */
export type CertificateFacts = {
  readonly subject: string;
  readonly keyType: string;
  readonly keyBits: number;
  /** OIDs. */
  readonly extendedKeyUsage: readonly string[];
  readonly hasItsPrivateKey: boolean;
};

const [serverAuthentication, clientAuthentication] = ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'];
const leastKeyBits = 2048;

export function outboundCertificateIssues(facts: CertificateFacts): readonly Issue[] {
  const usages = facts.extendedKeyUsage;
  return [
    ...when(!facts.hasItsPrivateKey, () =>
      refuse('VGW-CERT-006', 'OutboundCertificateWithoutPrivateKey', 'The certificate needs its own private key.', 'value'),
    ),
    ...when(facts.keyType !== 'rsa' || facts.keyBits < leastKeyBits, () =>
      refuse(
        'VGW-CERT-007',
        'OutboundCertificateKeyNotSupported',
        `The certificate has a key of type ${facts.keyType} with ${facts.keyBits} bits. It must be RSA with at least ${leastKeyBits} bits.`,
        'value',
      ),
    ),
    ...when(!usages.includes(serverAuthentication) || !usages.includes(clientAuthentication), () =>
      refuse(
        'VGW-CERT-008',
        'OutboundCertificateUsageMissing',
        'The extended key usage of the certificate must include server authentication and client authentication.',
        'value',
      ),
    ),
    ...when(facts.subject.trim() === '', () =>
      refuse('VGW-CERT-009', 'OutboundCertificateSubjectMissing', 'The certificate must have a subject name.', 'value'),
    ),
  ];
}
