/** Which identity a peer is expected under: what charon logged of refused ones, and when that counts. */
import { describe, expect, it } from 'vitest';
import { sampleTunnel } from '../../sample-plan.ts';
import { createPeerIdentities, identityToExpect, type IdentityFacts } from './peer-identity.ts';

const line = (ikeSaId: string, message: string, connection?: string): Parameters<ReturnType<typeof createPeerIdentities>['onLog']>[0] => ({
  group: 'CFG',
  level: 1,
  connection,
  ikeSaId,
  message,
});

describe('a refused identity', () => {
  it('is what the peer showed, and for which of ours', () => {
    const identities = createPeerIdentities();
    identities.onLog(line('1', 'looking for peer configs matching 198.51.100.10[198.51.100.10]...203.0.113.9[100.64.1.11]'));
    identities.onLog(line('2', 'looking for peer configs matching 198.51.100.10[%any]...203.0.113.8[C=CH, CN=branch[1]]'));
    expect(identities.onLog(line('1', 'no matching peer config found'))).toBe(true);
    expect(identities.onLog(line('2', 'no matching peer config found'))).toBe(true);
    expect(identities.shownFrom('203.0.113.9')).toEqual({ identity: '100.64.1.11', asked: '198.51.100.10' });
    expect(identities.shownFrom('203.0.113.8')).toEqual({ identity: 'C=CH, CN=branch[1]', asked: undefined });
    identities.forget('hq', '203.0.113.9');
    expect(identities.shownFrom('203.0.113.9')).toBeUndefined();
  });

  it('is known from IKEv1 too', () => {
    const identities = createPeerIdentities();
    identities.onLog(line('1', 'looking for pre-shared key peer configs matching 198.51.100.10...203.0.113.9[branch.example.net]'));
    expect(identities.onLog(line('1', 'no peer config found'))).toBe(true);
    expect(identities.shownFrom('203.0.113.9')).toEqual({ identity: 'branch.example.net', asked: undefined });
  });

  it('is none where a connection was found', () => {
    const identities = createPeerIdentities();
    identities.onLog(line('1', 'looking for peer configs matching 198.51.100.10[%any]...203.0.113.9[203.0.113.9]'));
    expect(identities.onLog(line('1', 'selected peer config hq'))).toBe(false);
    expect(identities.onLog(line('3', 'no matching peer config found'))).toBe(false);
    expect(identities.shownFrom('203.0.113.9')).toBeUndefined();
  });
});

describe('the identity to expect', () => {
  const tunnel = sampleTunnel({ name: 'hq', address: '203.0.113.9', prefixes: [] }, 1);
  const named = { ike: { ...tunnel.ike, remoteAddress: 'branch.example.net', remoteId: '%any' } };
  const facts: IdentityFacts = {
    address: '203.0.113.9',
    loaded: undefined,
    shown: undefined,
    isUp: false,
    isDoubted: false,
    isTaken: (identity) => identity === 'taken.example.net',
  };
  const shown = { identity: '100.64.1.11', asked: tunnel.ike.localId };
  const learned = { address: '203.0.113.9', identity: '100.64.1.11' };
  it.each([
    ['its address', tunnel, {}, '203.0.113.9'],
    ['its address, of a host name', named, {}, '203.0.113.9'],
    ['what the plan fixes', { ike: { ...tunnel.ike, remoteId: 'CN=branch' } }, { shown }, 'CN=branch'],
    ['what it showed', tunnel, { shown }, '100.64.1.11'],
    ['not what it showed when it asked for somebody else', tunnel, { shown: { ...shown, asked: 'else' } }, '203.0.113.9'],
    ['not what another connection expects', tunnel, { shown: { ...shown, identity: 'taken.example.net' } }, '203.0.113.9'],
    [
      'what it is up with, whoever knocks',
      tunnel,
      { shown: { ...shown, identity: 'stranger' }, loaded: learned, isUp: true },
      '100.64.1.11',
    ],
    ['what was learned, also by an earlier agent', tunnel, { loaded: learned }, '100.64.1.11'],
    ['what was learned, at another address of its name', named, { loaded: { ...learned, address: '203.0.113.8' } }, '100.64.1.11'],
    ['its new address', tunnel, { loaded: { address: '203.0.113.8', identity: '203.0.113.8' } }, '203.0.113.9'],
    ['its address again, after a refusal', tunnel, { loaded: learned, isDoubted: true }, '203.0.113.9'],
  ] as const)('is %s', (_what, of, change, expected) => {
    expect(identityToExpect(of, { ...facts, ...change })).toBe(expected);
  });
});
