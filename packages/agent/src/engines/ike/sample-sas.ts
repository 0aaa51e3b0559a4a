/** SAs for tests, as observe.ts reads them from charon. */
import type { ChildSaObservation, IkeSaObservation } from '@sallyport/model';
import type { CharonSa } from './observe.ts';

export const sampleChild = (change: Partial<ChildSaObservation> = {}): ChildSaObservation => ({
  name: 'hq',
  uniqueId: '1',
  state: 'INSTALLED',
  inboundSpi: 'c1',
  outboundSpi: 'c2',
  encryption: 'GCMAES256',
  integrity: 'GCMAES256',
  pfsGroup: 'None',
  isUdpEncapsulated: true,
  localSelectors: ['0.0.0.0/0'],
  remoteSelectors: ['0.0.0.0/0'],
  bytesIn: 0,
  bytesOut: 0,
  packetsIn: 0,
  packetsOut: 0,
  installedSeconds: 0,
  ...change,
});

/** Established, with one child. */
export const sampleSa = (change: Partial<IkeSaObservation> = {}, isCreatingChild = false): CharonSa => ({
  name: 'hq',
  isCreatingChild,
  isWaiting: false,
  sa: {
    uniqueId: '1',
    state: 'ESTABLISHED',
    version: 2,
    localAddress: '',
    remoteAddress: '',
    localPort: 500,
    remotePort: 500,
    initiatorSpi: '',
    responderSpi: '',
    isInitiator: true,
    encryption: '',
    integrity: '',
    dhGroup: '',
    establishedSeconds: 0,
    childSas: [sampleChild()],
    ...change,
  },
});
