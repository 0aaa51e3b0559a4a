/**
 * VGW-PEER-008. What Azure allows although it can be broken: DES, 3DES, MD5, group 1, no encryption. It works with a stock device, packets flow encrypted as
 * asked, and it is told: in the connection's health and in `sallyport status`.
 */
import { expect, test } from 'vitest';
import { findPlace, member, waitForStatus } from '@sallyport/lab';
import { buildOneSite, changeConnection, changeDevice, observed, reaches } from './one-site.ts';
import { UpProcess, cli, ports, withEvidence } from './up-process.ts';

const lifetimes = { saLifeTimeSeconds: 27_000, saDataSizeKilobytes: 102_400_000 };
const weak = [
  {
    policy: {
      ikeEncryption: 'DES',
      ikeIntegrity: 'MD5',
      dhGroup: 'DHGroup1',
      ipsecEncryption: 'DES',
      ipsecIntegrity: 'MD5',
      pfsGroup: 'PFS1',
    },
    device: { ikeProposals: ['des-md5-modp768'], espProposals: ['des-md5-modp768'] },
    says: 'its policy asks for DES, MD5 and Diffie-Hellman group 1, which can be broken today',
  },
  {
    policy: {
      ikeEncryption: 'DES3',
      ikeIntegrity: 'SHA1',
      dhGroup: 'DHGroup2',
      ipsecEncryption: 'DES3',
      ipsecIntegrity: 'SHA1',
      pfsGroup: 'PFS2',
    },
    device: { ikeProposals: ['3des-sha1-modp1024'], espProposals: ['3des-sha1-modp1024'] },
    says: 'its policy asks for 3DES, SHA-1 and Diffie-Hellman group 2, which can be broken today',
  },
  {
    policy: {
      ikeEncryption: 'AES256',
      ikeIntegrity: 'SHA256',
      dhGroup: 'DHGroup14',
      ipsecEncryption: 'None',
      ipsecIntegrity: 'SHA256',
      pfsGroup: 'None',
    },
    device: { ikeProposals: ['aes256-sha256-modp2048'], espProposals: ['null-sha256'] },
    says: 'its policy asks for no encryption, which can be broken today',
  },
] as const;

test.for([2, 1] as const)('IKEv%i: weak algorithms work, and are told', async (ikeVersion) => {
  await using up = await UpProcess.start();
  await withEvidence(up, `weak-algorithms-${ikeVersion}`, async () => {
    const site = await buildOneSite(up.session, 's2s-ikev2-psk');
    if (ikeVersion === 1) await changeConnection(site, { connectionProtocol: 'IKEv1' }, true);
    for (const { policy, device, says } of weak) {
      await changeDevice(site, { ikeVersion, ...device });
      await changeConnection(site, { connectionProtocol: `IKEv${ikeVersion}`, ipsecPolicies: [{ ...lifetimes, ...policy }] });
      await waitForStatus(site.session, site.connection, 'Connected');
      await reaches(site.vm('vm1'), site.host.addresses[0] ?? '');
      await reaches(site.host, findPlace(site.session.fabric, 'vm1').addresses[0] ?? '');
      const [sa] = (await observed(site)).ikeSas;
      expect(sa).toMatchObject({
        encryption: policy.ikeEncryption,
        integrity: policy.ikeIntegrity,
        dhGroup: policy.dhGroup,
        childSas: [{ encryption: policy.ipsecEncryption, integrity: policy.ipsecIntegrity }],
      });
      const conditions = member(await site.session.arm.get(`${site.connection}/providers/Sallyport.Health/conditions`), 'value');
      expect(conditions).toContainEqual(expect.objectContaining({ code: 'WeakAlgorithms', severity: 'warning', text: says }));
      const shown = await ports.run([cli, 'status', '--data-dir', site.session.fabric.dataDirectory]);
      expect(shown.stdout).toContain(says);
    }
  });
});
