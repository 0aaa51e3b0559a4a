/**
 * Renderings and marks of an instance's tunnels, made once. Every pass asks for all of them, and they are the same until the plan, the peer's
 * address or identity, or the key changes. Knows a tunnel by its object: a plan is never changed once it is held. Nothing is decided by what is kept here.
 */
import type { TunnelPlan } from '@sallyport/model';
import { markOf, type MarkSecret } from './mark.ts';
import { renderConnection, type RenderedConnection, type RenderOptions } from './render.ts';

export type Renderings = {
  readonly render: (tunnel: TunnelPlan, options: RenderOptions) => RenderedConnection;
  readonly markOf: (connection: RenderedConnection, secret: MarkSecret) => string;
};

export function createRenderings(): Renderings {
  const rendered = new WeakMap<TunnelPlan, { readonly options: RenderOptions; readonly connection: RenderedConnection }>();
  const marks = new WeakMap<RenderedConnection, { readonly secret: MarkSecret; readonly mark: string }[]>();
  return {
    render: (tunnel, options) => {
      const known = rendered.get(tunnel);
      if (known !== undefined && isSame(known.options, options)) return known.connection;
      const connection = renderConnection(tunnel, options);
      rendered.set(tunnel, { options, connection });
      return connection;
    },
    markOf: (connection, secret) => {
      const known = marks.get(connection) ?? [];
      const found = known.find((other) => isSameSecret(other.secret, secret));
      if (found !== undefined) return found.mark;
      const mark = markOf(connection, secret);
      // Two keys at most are in force at once (docs/how-to/rotate-a-key.md).
      marks.set(connection, [...known, { secret, mark }].slice(-2));
      return mark;
    },
  };
}

/** A certificate is read anew in each pass, as another object: its connection is rendered each time. */
function isSame(a: RenderOptions, b: RenderOptions): boolean {
  return (
    a.variant === b.variant &&
    a.resolvedAddress === b.resolvedAddress &&
    a.peerIdentity === b.peerIdentity &&
    a.ownCertificate === b.ownCertificate
  );
}

function isSameSecret(a: MarkSecret, b: MarkSecret): boolean {
  return a.key === b.key && a.resetEpoch === b.resetEpoch && Buffer.compare(a.markKey, b.markKey) === 0;
}
