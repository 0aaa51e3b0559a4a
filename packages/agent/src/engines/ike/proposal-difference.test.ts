/** The field that differs, of the closest pair. */
import { expect, test } from 'vitest';
import { proposalDifference } from './proposal-difference.ts';

test.each([
  ['ike', ['AES128/SHA256/DHGroup14'], ['AES256/SHA256/DHGroup14'], 'encryption differs: AES128 offered, AES256 accepted'],
  ['ike', ['AES256/SHA1/DHGroup14'], ['AES256/SHA256/DHGroup14'], 'integrity differs: SHA1 offered, SHA256 accepted'],
  [
    'ike',
    ['AES256/SHA256/ECP256'],
    ['AES256/SHA1/DHGroup2', 'AES256/SHA256/DHGroup2'],
    'DH group differs: ECP256 offered, DHGroup2 accepted',
  ],
  ['esp', ['AES256/SHA256'], ['AES256/SHA256/PFS2048'], 'PFS group differs: None offered, PFS2048 accepted'],
  [
    'esp',
    ['AES128/SHA1'],
    ['AES256/SHA256'],
    'encryption differs: AES128 offered, AES256 accepted; integrity differs: SHA1 offered, SHA256 accepted',
  ],
  ['esp', ['AES128/SHA256'], ['AES256/SHA256/PFS2048'], 'encryption differs: AES128 offered, AES256 accepted'],
  ['esp', ['AES256/SHA256'], ['AES256/SHA256'], undefined],
  ['esp', [], ['AES256/SHA256'], undefined],
] as const)('%s %j and %j: %s', (kind, offered, accepted, said) => {
  expect(proposalDifference(kind, offered, accepted)).toBe(said);
});
