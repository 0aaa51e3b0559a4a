/**
 * What charon says about itself, in our words: what is loaded, which SAs exist, in Azure's names for algorithms. Reads only.
 * Whether a connection counts as connected is status.ts; why not is reasons.ts.
 */
import type { ChildSaObservation, IkeSaObservation } from '@sallyport/model';
import { childSas, viciRead, type NamedSection, type ViciMessage, type ViciSession } from '@sallyport/protocols';
import { azureDhGroup, azureEncryption, azureIntegrity, azurePfsGroup } from './algorithms.ts';
import type { Loaded } from './diff.ts';

const { flag, integer, list, section, text } = viciRead;

export type CharonSa = {
  readonly name: string;
  readonly sa: IkeSaObservation;
  /** An exchange for a child is queued or under way, whichever end began it: a slow peer's quick mode takes seconds. */
  readonly isCreatingChild: boolean;
  /** A request of ours has no answer yet. */
  readonly isWaiting: boolean;
};

/** Of SAs of peers that are not known yet. */
const unnamed = '(unnamed)';

export async function readLoaded(session: ViciSession): Promise<Loaded> {
  const connections = await session.connectionNames();
  const keyIds = await session.sharedKeyIds();
  const sas = await session.listSas();
  return { connections, keyIds, saNames: [...new Set(sas.map((sa) => sa.name))].filter((name) => name !== unnamed) };
}

/** The peer of a loaded connection, as `list-conns` tells it. */
export function readPeer(body: ViciMessage): { readonly address: string; readonly identity: string } {
  return { address: list(body, 'remote_addrs')[0] ?? '', identity: text(section(body, 'remote-1'), 'id') ?? '' };
}

export async function readSas(session: ViciSession): Promise<readonly CharonSa[]> {
  return (await session.listSas()).filter((sa) => sa.name !== unnamed).map(readSa);
}

export function readSa(named: NamedSection): CharonSa {
  const { name, body } = named;
  const active = list(body, 'tasks-active');
  const tasks = ['tasks-active', 'tasks-queued', 'tasks-passive'].flatMap((kind) => list(body, kind));
  const encryption = azureEncryption(text(body, 'encr-alg'), text(body, 'encr-keysize'));
  const rekeySeconds = integer(body, 'rekey-time') ?? integer(body, 'reauth-time');
  const peerIdentity = text(body, 'remote-id');
  return {
    name,
    isWaiting: active.length > 0,
    isCreatingChild: tasks.some((task) => task === 'CHILD_CREATE' || task === 'QUICK_MODE'),
    sa: {
      uniqueId: text(body, 'uniqueid') ?? '',
      state: text(body, 'state') ?? '',
      version: text(body, 'version') === '1' ? 1 : 2,
      localAddress: text(body, 'local-host') ?? '',
      remoteAddress: text(body, 'remote-host') ?? '',
      localPort: integer(body, 'local-port') ?? 0,
      remotePort: integer(body, 'remote-port') ?? 0,
      initiatorSpi: text(body, 'initiator-spi') ?? '',
      responderSpi: text(body, 'responder-spi') ?? '',
      isInitiator: flag(body, 'initiator'),
      ...(peerIdentity === undefined || peerIdentity === '%any' ? {} : { peerIdentity }),
      ...(flag(body, 'nat-remote') ? { isPeerBehindNat: true } : {}),
      encryption,
      integrity: azureIntegrity(text(body, 'integ-alg'), azureIntegrity(text(body, 'prf-alg'), encryption)),
      dhGroup: azureDhGroup(text(body, 'dh-group')),
      establishedSeconds: integer(body, 'established') ?? 0,
      ...(rekeySeconds === undefined ? {} : { rekeySeconds }),
      childSas: childSas(named).map((child) => readChild(child.name, child.body)),
    },
  };
}

function readChild(name: string, body: ViciMessage): ChildSaObservation {
  const encryption = azureEncryption(text(body, 'encr-alg'), text(body, 'encr-keysize'));
  const rekeySeconds = integer(body, 'rekey-time');
  const lifetimeSeconds = integer(body, 'life-time');
  const quietSeconds = integer(body, 'use-in');
  return {
    name,
    uniqueId: text(body, 'uniqueid') ?? '',
    state: text(body, 'state') ?? '',
    inboundSpi: text(body, 'spi-in') ?? '',
    outboundSpi: text(body, 'spi-out') ?? '',
    encryption,
    integrity: azureIntegrity(text(body, 'integ-alg'), encryption),
    pfsGroup: azurePfsGroup(text(body, 'dh-group')),
    isUdpEncapsulated: flag(body, 'encap'),
    localSelectors: list(body, 'local-ts'),
    remoteSelectors: list(body, 'remote-ts'),
    bytesIn: integer(body, 'bytes-in') ?? 0,
    bytesOut: integer(body, 'bytes-out') ?? 0,
    packetsIn: integer(body, 'packets-in') ?? 0,
    packetsOut: integer(body, 'packets-out') ?? 0,
    installedSeconds: integer(body, 'install-time') ?? 0,
    ...(rekeySeconds === undefined ? {} : { rekeySeconds }),
    ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
    ...(quietSeconds === undefined ? {} : { quietSeconds }),
  };
}
