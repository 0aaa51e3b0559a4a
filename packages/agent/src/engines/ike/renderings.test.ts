/** What is kept of renderings and marks: the same for the same question, never for another one. */
import { expect, it } from 'vitest';
import { sampleTunnel } from '../../sample-plan.ts';
import { markOf } from './mark.ts';
import { renderConnection } from './render.ts';
import { createRenderings } from './renderings.ts';

const tunnel = sampleTunnel({ name: 'hq', address: '198.51.100.21', prefixes: [] }, 1);
const options = { variant: 'xfrmd', resolvedAddress: '198.51.100.21', peerIdentity: '198.51.100.21' } as const;
const secret = { key: 'Some.Key', resetEpoch: 0, markKey: Buffer.alloc(32, 1) };

it('a tunnel that is asked for again is not rendered again', () => {
  const renderings = createRenderings();
  const first = renderings.render(tunnel, options);
  expect(first).toEqual(renderConnection(tunnel, options));
  expect(renderings.render(tunnel, { ...options })).toBe(first);
});

it.each([
  { variant: 'kernel' },
  { resolvedAddress: '198.51.100.22' },
  { peerIdentity: '10.0.0.1' },
  { ownCertificate: Buffer.from('30', 'hex') },
] as const)('another %j is rendered anew', (other) => {
  const renderings = createRenderings();
  renderings.render(tunnel, options);
  expect(renderings.render(tunnel, { ...options, ...other })).toEqual(renderConnection(tunnel, { ...options, ...other }));
});

it('a tunnel of a newer plan is rendered anew', () => {
  const renderings = createRenderings();
  renderings.render(tunnel, options);
  const newer = { ...tunnel, ifId: 2 };
  expect(renderings.render(newer, options)).toEqual(renderConnection(newer, options));
});

it('a mark is that of the connection, the key, the epoch and the mark key that are asked for', () => {
  const renderings = createRenderings();
  const connection = renderings.render(tunnel, options);
  const others = [secret, { ...secret, key: 'Other.Key' }, { ...secret, resetEpoch: 1 }, { ...secret, markKey: Buffer.alloc(32, 2) }];
  for (const asked of [...others, ...others]) expect(renderings.markOf(connection, asked)).toBe(markOf(connection, asked));
  expect(new Set(others.map((asked) => renderings.markOf(connection, asked))).size).toBe(others.length);
});
