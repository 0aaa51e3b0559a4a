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
  's2s-two-sites': (sas) => expect(sas).toHaveLength(2),
};
