/** What an instance's charon should hold: every tunnel rendered, with its key and mark. One tunnel's trouble is its own. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ApplyFailure, InstancePlan, SecretReference, TunnelPlan } from '@sallyport/model';
import type { EngineContext } from '../engine.ts';
import type { Desired } from './apply.ts';
import type { CharonFiles } from './charon.ts';
import type { MarkedKey } from './mark.ts';
import { beforeModeChange } from './mode-change.ts';
import { isHostName, type PeerAddresses } from './peer-address.ts';
import { readOwnCertificate } from './own-certificate.ts';
import { identityToExpect, type IdentityFacts, type PeerIdentities } from './peer-identity.ts';
import { renderConnection, type RenderedConnection, type RenderOptions, type XfrmVariant } from './render.ts';
import type { Renderings } from './renderings.ts';

export type Known = Desired & { readonly tunnel: TunnelPlan };
export type DesiredState = {
  /** For diffConnections. */
  readonly marks: ReadonlyMap<string, readonly string[] | undefined>;
  readonly marksBefore: ReadonlyMap<string, () => string>;
  readonly desired: ReadonlyMap<string, Desired>;
  readonly known: ReadonlyMap<string, Known>;
  readonly failures: readonly ApplyFailure[];
};
export type DesiredContext = {
  readonly secret: EngineContext['secret'];
  readonly variant: XfrmVariant;
  readonly renderings: Renderings;
  readonly markKey: Uint8Array;
  /** Wall clock: decides until when a former key counts. */
  readonly nowMs: number;
  readonly addresses: PeerAddresses;
  /** A connection's peer as charon has it now. */
  readonly loaded: (connection: string) => LoadedPeer | undefined;
  readonly identities: Pick<PeerIdentities, 'shownFrom' | 'isDoubted'>;
  readonly isUp: (connection: string) => boolean;
  /** Of the last pass: stays for tunnels that can't be rendered now. */
  readonly known: ReadonlyMap<string, Known>;
};

export type LoadedPeer = { readonly address: string; readonly identity: string };

const markKeyBytes = 32;

export async function desiredState(context: DesiredContext, instance: InstancePlan): Promise<DesiredState> {
  const results = await Promise.all(instance.tunnels.map((tunnel) => renderTunnel(context, instance, tunnel)));
  const marks = new Map<string, readonly string[] | undefined>();
  const marksBefore = new Map<string, () => string>();
  const desired = new Map<string, Desired>();
  const known = new Map<string, Known>();
  for (const { tunnel, one } of results) {
    const { name } = tunnel;
    marks.set(
      name,
      one?.keys.map(({ mark }) => mark),
    );
    const markBefore = one?.keys[0].markBefore;
    if (markBefore !== undefined) marksBefore.set(name, markBefore);
    const before = context.known.get(name);
    if (one !== undefined) {
      desired.set(name, one);
      known.set(name, { tunnel, ...one });
    } else if (before !== undefined) known.set(name, { ...before, tunnel });
  }
  return { marks, marksBefore, desired, known, failures: results.flatMap(({ failure }) => (failure === undefined ? [] : [failure])) };
}

type Result = { readonly tunnel: TunnelPlan; readonly one?: Desired; readonly failure?: ApplyFailure };

async function renderTunnel(context: DesiredContext, instance: InstancePlan, tunnel: TunnelPlan): Promise<Result> {
  const { remoteAddress, sharedKey, previousSharedKey } = tunnel.ike;
  try {
    const address = isHostName(remoteAddress)
      ? await context.addresses.addressOf(remoteAddress, context.loaded(tunnel.name)?.address)
      : remoteAddress;
    if (tunnel.ike.certificate !== undefined) return await renderWithCertificate(context, tunnel, tunnel.ike.certificate.own, address);
    if (sharedKey === undefined) throw new Error('the plan has neither a key nor a certificate for it');
    const peerIdentity = identityToExpect(tunnel, identityFacts(context, instance, tunnel, address));
    const options = { variant: context.variant, resolvedAddress: address, peerIdentity };
    const rendered = context.renderings.render(tunnel, options);
    const marked = async (reference: SecretReference): Promise<MarkedKey> => {
      const key = (await context.secret(reference)).reveal();
      return { ...marks(context, { tunnel, options, rendered }, key), key: Buffer.from(key, 'utf8'), version: reference.version };
    };
    const keys: [MarkedKey, ...MarkedKey[]] = [await marked(sharedKey)];
    if (previousSharedKey !== undefined && context.nowMs < Date.parse(previousSharedKey.acceptedUntil))
      keys.push(await marked(previousSharedKey));
    return { tunnel, one: { rendered, keys } };
  } catch (error) {
    const message = `connection ${tunnel.name} is left as it is: ${error instanceof Error ? error.message : String(error)}`;
    return { tunnel, failure: { resource: tunnel.connection, code: 'ConnectionNotLoaded', message } };
  }
}

function identityFacts(context: DesiredContext, instance: InstancePlan, tunnel: TunnelPlan, address: string): IdentityFacts {
  const others = instance.tunnels.filter((other) => other.name !== tunnel.name);
  return {
    address,
    loaded: context.loaded(tunnel.name),
    shown: context.identities.shownFrom(address),
    isUp: context.isUp(tunnel.name),
    isDoubted: context.identities.isDoubted(tunnel.name),
    isTaken: (identity) => others.some((other) => [other.ike.remoteId, context.loaded(other.name)?.identity].includes(identity)),
  };
}

/** The peer must be who its certificate says, so whatever else it calls itself does not count. */
async function renderWithCertificate(
  context: DesiredContext,
  tunnel: TunnelPlan,
  own: SecretReference,
  resolvedAddress: string,
): Promise<Result> {
  const pem = (await context.secret(own)).reveal();
  const certificate = readOwnCertificate(pem);
  const options = { variant: context.variant, resolvedAddress, ownCertificate: certificate.certificate };
  const rendered = context.renderings.render(tunnel, options);
  const key: MarkedKey = { ...marks(context, { tunnel, options, rendered }, pem), key: randomBytes(markKeyBytes), version: own.version };
  return { tunnel, one: { rendered, keys: [key], certificate } };
}

type Rendering = { readonly tunnel: TunnelPlan; readonly options: RenderOptions; readonly rendered: RenderedConnection };

function marks(
  { renderings, markKey }: DesiredContext,
  { tunnel, options, rendered }: Rendering,
  key: string,
): Pick<MarkedKey, 'mark' | 'markBefore'> {
  const of = (one: RenderedConnection): string => renderings.markOf(one, { key, resetEpoch: tunnel.resetEpoch, markKey });
  const before = beforeModeChange(tunnel);
  return { mark: of(rendered), ...(before === undefined ? {} : { markBefore: () => of(renderConnection(before, options)) }) };
}

/** Random, made once per instance and boot: lives beside the charon whose marks it keyed. */
export function readMarkKey(files: Pick<CharonFiles, 'directory' | 'markKey'>): Uint8Array {
  if (existsSync(files.markKey)) {
    const key = readFileSync(files.markKey);
    if (key.length === markKeyBytes) return key;
  }
  mkdirSync(files.directory, { recursive: true, mode: 0o700 });
  const key = randomBytes(markKeyBytes);
  writeFileSync(files.markKey, key, { mode: 0o600 });
  return key;
}
