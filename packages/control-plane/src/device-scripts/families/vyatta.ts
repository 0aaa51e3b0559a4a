/**
 * What VyOS and EdgeOS have in common: both descend from Vyatta and drive strongSwan with `set` commands in a bash shell.
 * Their differences are in vyos.ts and ubiquiti-edgerouter.ts.
 */
import type { AlgorithmNames } from '../algorithms.ts';
import type { DeviceScriptFacts } from '../facts.ts';
import type { Part } from '../text.ts';
import { atMost } from '../text.ts';

/** Of `lifetime` in both groups, seconds. */
const maximumLifetime = 86_400;

/** The value between single quotes; bash ends them at a quote, whatever is before it. */
export function quoted(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

export function ikeGroup(facts: DeviceScriptFacts, names: AlgorithmNames, name: string): Part {
  const group = `set vpn ipsec ike-group ${name}`;
  return [
    `${group} key-exchange 'ikev${facts.ikeVersion}'`,
    facts.ikeVersion === 2 ? `${group} ikev2-reauth 'no'` : undefined,
    `${group} lifetime '${facts.ikeLifetimeSeconds}'`,
    `${group} dead-peer-detection action '${facts.deviceInitiates ? 'restart' : 'clear'}'`,
    `${group} dead-peer-detection interval '${facts.deadPeer.intervalSeconds}'`,
    `${group} dead-peer-detection timeout '${facts.deadPeer.timeoutSeconds}'`,
    `${group} proposal 1 dh-group '${names.ikeGroup}'`,
    `${group} proposal 1 encryption '${names.ikeEncryption}'`,
    `${group} proposal 1 hash '${names.ikeIntegrity}'`,
  ];
}

export function espGroup(facts: DeviceScriptFacts, names: AlgorithmNames, name: string): Part {
  const group = `set vpn ipsec esp-group ${name}`;
  return [
    `${group} lifetime '${atMost(facts.espLifetimeSeconds, maximumLifetime)}'`,
    `${group} mode 'tunnel'`,
    `${group} pfs '${names.pfsGroup === undefined ? 'disable' : `dh-group${names.pfsGroup}`}'`,
    `${group} proposal 1 encryption '${names.espEncryption}'`,
    // With GCM the hash is not used, but the command line wants one.
    `${group} proposal 1 hash '${names.espIntegrity ?? 'sha256'}'`,
  ];
}
