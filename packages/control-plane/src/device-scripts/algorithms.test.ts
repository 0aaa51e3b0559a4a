/** Which proposals a script uses, of Azure's defaults and of a custom policy, and what is said of a device that lacks them. */
import { expect, test } from 'vitest';
import { chooseProposals, namesOf } from './algorithms.ts';
import { deviceFamilies } from './families.ts';
import { defaults } from './fixture-facts.ts';
import { libreswan } from './families/libreswan.ts';
import { paloAltoPanOs } from './families/palo-alto-pan-os.ts';
import { strongSwan } from './families/strongswan.ts';

const both = <P>(proposals: readonly P[]): { readonly offers: readonly P[]; readonly accepts: readonly P[] } => ({
  offers: proposals,
  accepts: proposals,
});
const tunnel = { ike: both([...defaults.ike]), esp: both([...defaults.esp]) };

test('of Azure’s defaults the recommended ones are chosen, not the first', () => {
  expect(chooseProposals(strongSwan.algorithms(2), tunnel)).toEqual({
    ike: { encryption: 'AES256', integrity: 'SHA256', dhGroup: 'DHGroup2' },
    esp: { encryption: 'GCMAES256', integrity: 'GCMAES256', pfsGroup: 'None' },
  });
});

test('a custom policy is used as it is', () => {
  const ike = { encryption: 'AES128', integrity: 'SHA384', dhGroup: 'ECP384' };
  const esp = { encryption: 'DES3', integrity: 'MD5', pfsGroup: 'PFS24' };
  const chosen = chooseProposals(strongSwan.algorithms(2), { ike: both([ike]), esp: both([esp]) });
  expect(chosen).toEqual({ ike, esp });
  expect(namesOf(strongSwan.algorithms(2), { ike, esp })).toEqual({
    ikeEncryption: 'aes128',
    ikeIntegrity: 'sha384',
    ikeGroup: 'ecp384',
    espEncryption: '3des',
    espIntegrity: 'md5',
    pfsGroup: 'modp2048s256',
  });
});

test('what both sides may begin with goes before what only the gateway accepts', () => {
  const [gcm, sha1] = [defaults.esp[0], defaults.esp[1]];
  expect(
    chooseProposals(strongSwan.algorithms(2), { ...tunnel, esp: { offers: [sha1], accepts: [sha1, { ...sha1, pfsGroup: 'PFS2' }] } }),
  ).toMatchObject({ esp: sha1 });
  expect(chooseProposals(strongSwan.algorithms(2), { ...tunnel, esp: { offers: [], accepts: [sha1, gcm] } })).toMatchObject({ esp: gcm });
});

test('a device that lacks an algorithm says which', () => {
  expect(chooseProposals(libreswan.algorithms(2), tunnel)).toEqual({
    lacks: 'IKE proposal AES256 SHA1 DHGroup2, AES256 SHA256 DHGroup2',
  });
  const gcm = { encryption: 'GCMAES256', integrity: 'SHA384', dhGroup: 'ECP256' };
  expect(chooseProposals(paloAltoPanOs.algorithms(2), { ...tunnel, ike: both([gcm]) })).toEqual({
    lacks: 'IKE proposal GCMAES256 SHA384 ECP256',
  });
});

test('every device but libreswan can do Azure’s defaults, with IKEv2 and with IKEv1', () => {
  for (const version of [1, 2] as const)
    for (const { language } of deviceFamilies)
      expect('lacks' in chooseProposals(language.algorithms(version), tunnel), `${language.title} IKEv${version}`).toBe(
        language === libreswan,
      );
});
