/** What the READMEs of scenarios promise of their SAs, whichever engine carries them. */
import { expect } from 'vitest';
import type { ConnectionObservation } from '@sallyport/model';

type Sas = ConnectionObservation['ikeSas'];

/** What the scenario's README says must hold of the SAs. */
export const promises: Readonly<Record<string, (sas: Sas) => void>> = {
  's2s-ikev1-psk': (sas) => expect(sas.map(({ version }) => version)).toEqual([1]),
  's2s-custom-policy': (sas) => {
    expect(sas.map(({ encryption, integrity, dhGroup }) => `${encryption} ${integrity} ${dhGroup}`)).toEqual(['AES256 SHA384 DHGroup24']);
    const children = sas.flatMap(({ childSas }) => childSas);
    expect(children.map(({ encryption, integrity }) => `${encryption} ${integrity}`)).toEqual(['AES256 SHA256']);
  },
  's2s-policy-selectors': (sas) => {
    const pairs = sas
      .flatMap(({ childSas }) => childSas)
      .map(({ localSelectors, remoteSelectors }) => `${localSelectors.join()} ${remoteSelectors.join()}`);
    expect(new Set(pairs).size).toBe(4);
  },
  's2s-policy-based-gateway': (sas) => {
    expect(new Set(sas.map(({ version, encryption, integrity, dhGroup }) => `${version} ${encryption} ${integrity} ${dhGroup}`))).toEqual(
      new Set(['1 AES256 SHA256 DHGroup2']),
    );
    const children = sas.flatMap(({ childSas }) => childSas);
    // Packets went to and from one address of the site, from two subnets: only these two pairs were asked for.
    expect(new Set(children.map(({ localSelectors, remoteSelectors }) => `${localSelectors.join()} ${remoteSelectors.join()}`))).toEqual(
      new Set(['10.1.0.0/16 192.168.0.0/24', '10.2.0.0/16 192.168.0.0/24']),
    );
    expect(new Set(children.map(({ encryption, integrity, pfsGroup }) => `${encryption} ${integrity} ${pfsGroup}`))).toEqual(
      new Set(['AES256 SHA256 None']),
    );
  },
  's2s-two-sites': (sas) => expect(sas).toHaveLength(2),
};
