/** Every reason from what charon 5.9.8 really logged, on both ends (recorded/), and the rules of which reason stays. */
import { readFileSync } from 'node:fs';
import type { LogLine } from '@sallyport/protocols';
import { describe, expect, it } from 'vitest';
import { sampleTunnel } from '../../sample-plan.ts';
import { createReasonTracker, type ReasonTracker } from './reason-tracker.ts';
import { sentence } from './reasons.ts';

const initiator = { side: '1', peer: '203.0.113.2' };
const responder = { side: '2', peer: '203.0.113.1' };
const tunnel = sampleTunnel({ name: 'hq', address: '203.0.113.2', prefixes: [] }, 1);

/** One end of a recording: `<end> <group> <level> <connection> <IKE SA> <message>`. */
function recorded(name: string, side: string): readonly LogLine[] {
  const text = readFileSync(new URL(`recorded/${name}.txt`, import.meta.url), 'utf8');
  return text.split('\n').flatMap((line) => {
    const [, end, group, level, connection, ikeSaId, message] = /^(\d) (\S+) (\d) (\S+) (\S+) (.*)$/.exec(line) ?? [];
    if (end !== side || message === undefined) return [];
    return [{ group: group ?? '', level: Number(level), connection: known(connection), ikeSaId: known(ikeSaId), message }];
  });
}

function known(word: string | undefined): string | undefined {
  return word === '-' ? undefined : word;
}

function reasonOf(name: string, { side, peer }: { readonly side: string; readonly peer: string }): readonly [string, string] | undefined {
  const tracker = createReasonTracker();
  for (const line of recorded(name, side)) tracker.onLog(line, 0);
  const finding = tracker.reasonFor('hq', peer);
  return finding === undefined ? undefined : [finding.code, sentence(finding, tunnel)];
}

describe('the reason', () => {
  it.each([
    ['wrong-key', 'WrongKey', 'peer 203.0.113.2 answered AUTHENTICATION_FAILED: the shared keys differ, or it expects another identity'],
    ['wrong-key-v1', 'WrongKey', "what peer 203.0.113.2 sent can't be decrypted: the shared keys differ"],
    ['wrong-id', 'WrongKey', 'peer 203.0.113.2 answered AUTHENTICATION_FAILED: the shared keys differ, or it expects another identity'],
    [
      'ike-proposals',
      'NoCommonIkeProposal',
      'peer 203.0.113.2 answered NO_PROPOSAL_CHOSEN: it accepts none of our IKE proposals, or has no connection for us; offered AES256/SHA256/DHGroup2, AES256/SHA1/DHGroup2',
    ],
    ['ike-proposals-v1', 'NoCommonIkeProposal', expect.stringMatching(/^peer 203\.0\.113\.2 answered NO_PROPOSAL_CHOSEN/) as string],
    ['ike-dh', 'NoCommonIkeProposal', expect.stringMatching(/none of our IKE proposals/) as string],
    ['no-config', 'NoCommonIkeProposal', expect.stringMatching(/or has no connection for us/) as string],
    ['version', 'NoCommonIkeProposal', expect.stringMatching(/none of our IKE proposals/) as string],
    ['version1', 'NoCommonIkeProposal', expect.stringMatching(/none of our IKE proposals/) as string],
    [
      'esp-proposals',
      'NoCommonEspProposal',
      'peer 203.0.113.2 answered NO_PROPOSAL_CHOSEN: it accepts none of our IPsec proposals; offered GCMAES256/GCMAES256, AES256/SHA256',
    ],
    ['esp-proposals-v1', 'NoCommonEspProposal', expect.stringMatching(/none of our IPsec proposals/) as string],
    ['selectors', 'SelectorsRefused', 'peer 203.0.113.2 refused our traffic selectors; proposed were 0.0.0.0/0 to 0.0.0.0/0, ours first'],
    ['selectors-v1', 'SelectorsRefused', expect.stringMatching(/refused our traffic selectors; proposed were/) as string],
  ])('as initiator: %s', (name, code, message) => {
    expect(reasonOf(name, initiator)).toEqual([code, message]);
  });

  it('as initiator: silent', () => {
    const tracker = createReasonTracker();
    for (const line of recorded('silent', '1')) tracker.onLog(line, 0);
    expect(tracker.reasonFor('hq', '203.0.113.99')).toMatchObject({
      code: 'PeerSilent',
      message: 'peer 203.0.113.99 does not answer on UDP 500',
    });
  });

  // IKEv1 and responders are told by address until charon knows the connection.
  it.each([
    ['wrong-key', 'WrongKey', 'peer 203.0.113.1 did not prove our shared key: the shared keys differ'],
    ['wrong-key-v1', 'WrongKey', "what peer 203.0.113.1 sent can't be decrypted: the shared keys differ"],
    [
      'wrong-id-resp',
      'WrongIdentity',
      'peer 203.0.113.1 names itself 203.0.113.1, or asks for another identity of ours: no connection has these',
    ],
    [
      'ike-proposals',
      'NoCommonIkeProposal',
      'peer 203.0.113.1 offered IKE AES256/SHA1/DHGroup2; accepted are AES128/SHA256/DHGroup14, AES256/SHA384/ECP384: integrity differs: SHA1 offered, SHA384 accepted; DH group differs: DHGroup2 offered, ECP384 accepted',
    ],
    [
      'ike-proposals-v1',
      'NoCommonIkeProposal',
      'peer 203.0.113.1 offered IKE AES256/SHA1/DHGroup2; accepted are AES128/SHA256/DHGroup14: encryption differs: AES256 offered, AES128 accepted; integrity differs: SHA1 offered, SHA256 accepted; DH group differs: DHGroup2 offered, DHGroup14 accepted',
    ],
    ['version', 'NoCommonIkeProposal', 'peer 203.0.113.1 speaks another IKE version than the connection'],
    [
      'esp-proposals',
      'NoCommonEspProposal',
      'peer 203.0.113.1 offered IPsec GCMAES256/GCMAES256; accepted are AES128/SHA256: encryption differs: GCMAES256 offered, AES128 accepted; integrity differs: GCMAES256 offered, SHA256 accepted',
    ],
    [
      'esp-proposals-v1',
      'NoCommonEspProposal',
      'peer 203.0.113.1 offered IPsec GCMAES256/GCMAES256; accepted are AES128/SHA256: encryption differs: GCMAES256 offered, AES128 accepted; integrity differs: GCMAES256 offered, SHA256 accepted',
    ],
    [
      'selectors',
      'SelectorsRefused',
      'peer 203.0.113.1 asks for traffic selectors 10.2.0.0/16 (ours) and 10.1.0.0/16 (its own), which the connection does not have',
    ],
    [
      'selectors-v1',
      'SelectorsRefused',
      'peer 203.0.113.1 asks for traffic selectors 10.2.0.0/16 (ours) and 10.1.0.0/16 (its own), which the connection does not have',
    ],
  ])('as responder: %s', (name, code, message) => {
    expect(reasonOf(name, responder)).toEqual([code, message]);
  });

  it('as responder of IKEv1: an identity that no connection has', () => {
    const tracker = createReasonTracker();
    const about = { group: 'IKE', level: 1, connection: '(unnamed)', ikeSaId: '1' };
    const say = (message: string): void => {
      tracker.onLog({ ...about, message }, 0);
    };
    say('203.0.113.1 is initiating a Main Mode IKE_SA');
    say('looking for pre-shared key peer configs matching 198.51.100.2...203.0.113.1[other.example.net]');
    say('no peer config found');
    expect(tracker.reasonFor('hq', '203.0.113.1')).toMatchObject({
      code: 'WrongIdentity',
      message: 'peer 203.0.113.1 names itself other.example.net, or asks for another identity of ours: no connection has these',
    });
  });

  it('is gone once the tunnel is up', () => {
    const tracker = createReasonTracker();
    const say = (message: string): void => void tracker.onLog({ group: 'IKE', level: 1, connection: 'hq', ikeSaId: '1', message }, 0);
    say('initiating IKE_SA hq[1] to 203.0.113.2');
    say('received AUTHENTICATION_FAILED notify error');
    say('CHILD_SA hq{1} established with SPIs c1_i c2_o and TS 0.0.0.0/0 === 0.0.0.0/0');
    expect(tracker.reasonFor('hq', '203.0.113.2')).toBeUndefined();
  });

  it.each([
    [
      'the peer closed',
      ['IKE_SA hq[1] established between a...b', 'CHILD_SA hq{1} established with SPIs a b', 'received DELETE for IKE_SA hq[1]'],
      'PeerDeleted',
      'peer 203.0.113.2 closed the tunnel',
    ],
    [
      'the peer closed at once',
      ['IKE_SA hq[1] established between a...b', 'received DELETE for IKE_SA hq[1]'],
      'PeerDeleted',
      'peer 203.0.113.2 closed the tunnel at once, before a CHILD SA: it may expect another identity of ours',
    ],
    [
      'liveness checks',
      ['IKE_SA hq[1] established between a...b', 'sending DPD request', 'retransmit 2 of request with message ID 3'],
      'PeerSilent',
      'peer 203.0.113.2 has stopped answering',
    ],
    [
      'port 4500 closed',
      [
        'received packet: from 203.0.113.2[500] to 1.1.1.1[500] (344 bytes)',
        'sending packet: from 1.1.1.1[4500] to 203.0.113.2[4500] (284 bytes)',
        'retransmit 2 of request with message ID 1',
      ],
      'PeerSilent',
      'peer 203.0.113.2 answers on UDP 500 but not on UDP 4500: is 4500 open on the way?',
    ],
    [
      'no room in the engine',
      ['unable to install inbound and outbound IPsec SA (SAD) in kernel'],
      'EngineDown',
      'the IPsec engine of this host refused the SA: unable to install inbound and outbound IPsec SA (SAD) in kernel',
    ],
    ['something else', ['received INVALID_SYNTAX notify error'], 'Unknown', 'peer 203.0.113.2 answered INVALID_SYNTAX'],
  ])('names %s', (_what, messages, code, message) => {
    const tracker = createReasonTracker();
    for (const text of ['initiating IKE_SA hq[1] to 203.0.113.2', ...messages])
      tracker.onLog({ group: 'IKE', level: 1, connection: 'hq', ikeSaId: '1', message: text }, 0);
    expect(tracker.reasonFor('hq', '203.0.113.2')).toMatchObject({ code, message });
  });

  describe('a DELETE', () => {
    const told = (atMs: number, ...messages: readonly string[]): ReasonTracker => {
      const tracker = createReasonTracker();
      for (const message of ['initiating IKE_SA hq[1] to 203.0.113.2', ...messages])
        tracker.onLog({ group: 'IKE', level: 1, connection: 'hq', ikeSaId: '1', message }, atMs);
      return tracker;
    };
    const up = 'CHILD_SA hq{2} established with SPIs a b';

    it('of an SA that another has taken the place of is no end of the tunnel', () => {
      const tracker = told(1000, 'received DELETE for ESP CHILD_SA with SPI a');
      tracker.outlived('hq', 1000);
      expect(tracker.reasonFor('hq', '203.0.113.2')).toMatchObject({ code: 'PeerDeleted' });
      tracker.outlived('hq', 1001);
      expect(tracker.reasonFor('hq', '203.0.113.2')).toBeUndefined();
    });

    it('is why the tunnel ended, also where it is up again by now, until it is seen up', () => {
      const tracker = told(1000, 'received DELETE for IKE_SA hq[1]', up);
      expect(tracker.reasonFor('hq', '203.0.113.2')).toBeUndefined();
      expect(tracker.endOf('hq', '203.0.113.2')).toMatchObject({ code: 'PeerDeleted' });
      tracker.outlived('hq', 1001);
      expect(tracker.endOf('hq', '203.0.113.2')).toBeUndefined();
    });
  });

  it('a refusal while the tunnel is up stays: it ends with what was refused', () => {
    const tracker = createReasonTracker();
    const message = 'received NO_PROPOSAL_CHOSEN notify, no CHILD_SA built';
    tracker.onLog({ group: 'IKE', level: 1, connection: 'hq', ikeSaId: '1', message }, 1000);
    tracker.outlived('hq', 2000);
    expect(tracker.reasonFor('hq', '203.0.113.2')).toMatchObject({ code: 'NoCommonEspProposal' });
  });

  it('a first retransmission is no silence yet', () => {
    const tracker = createReasonTracker();
    tracker.onLog({ group: 'IKE', level: 1, connection: 'hq', ikeSaId: '1', message: 'retransmit 1 of request with message ID 0' }, 0);
    expect(tracker.reasonFor('hq', '203.0.113.2')).toBeUndefined();
  });

  it('remembers no more than it must of strangers', () => {
    const tracker = createReasonTracker();
    for (let stranger = 0; stranger < 2000; stranger += 1) {
      const about = { group: 'IKE', level: 1, connection: '(unnamed)', ikeSaId: `${stranger}` };
      tracker.onLog({ ...about, message: `10.${stranger >> 8}.${stranger & 255}.1 is initiating an IKE_SA` }, 0);
      tracker.onLog({ ...about, message: 'received proposals unacceptable' }, 0);
    }
    expect(tracker.reasonFor('hq', '10.0.0.1')).toBeUndefined();
    expect(tracker.reasonFor('hq', '10.7.207.1')).toMatchObject({ code: 'NoCommonIkeProposal' });
  });

  it('lets no stranger push out what is known of a peer, nor of its SA', () => {
    const tracker = createReasonTracker((address) => address === '203.0.113.2');
    const peer = { group: 'IKE', level: 1, connection: 'hq', ikeSaId: 'peer' };
    for (const message of ['initiating IKE_SA hq[1] to 203.0.113.2', 'IKE_SA hq[1] established between a...b'])
      tracker.onLog({ ...peer, message }, 0);
    const opening = { group: 'IKE', level: 1, connection: '(unnamed)', ikeSaId: 'opening' };
    tracker.onLog({ ...opening, message: '203.0.113.2 is initiating an IKE_SA' }, 0);
    tracker.onLog({ ...opening, message: 'received proposals unacceptable' }, 0);
    for (let stranger = 0; stranger < 5000; stranger += 1) {
      const about = { group: 'IKE', level: 1, connection: '(unnamed)', ikeSaId: `${stranger}` };
      tracker.onLog({ ...about, message: `10.${stranger >> 8}.${stranger & 255}.1 is initiating an IKE_SA` }, 1);
      tracker.onLog({ ...about, message: 'received proposals unacceptable' }, 1);
    }
    expect(tracker.reasonFor('hq', '203.0.113.2')).toMatchObject({ code: 'NoCommonIkeProposal', atMs: 0 });
    tracker.onLog({ ...peer, message: 'retransmit 2 of request with message ID 3' }, 30_000);
    expect(tracker.reasonFor('hq', '203.0.113.2')).toMatchObject({ message: 'peer 203.0.113.2 has stopped answering' });
    expect(tracker.reasonFor('nobody', '10.0.0.1')).toBeUndefined();
  });
});

describe('of a certificate that is not valid now', () => {
  const told = (nowMs: number): string | undefined => {
    const tracker = createReasonTracker();
    const message = 'subject certificate invalid (valid from Jan 01 00:00:00 2020 to Jan 01 00:00:00 2021)';
    tracker.onLog({ group: 'CFG', level: 1, connection: 'hq', ikeSaId: '1', message }, nowMs);
    return tracker.reasonFor('hq', '203.0.113.2')?.message;
  };
  it.each([
    ['2026-06-01', 'expired on Jan 01 00:00:00 2021'],
    ['2019-06-01', "is not valid before Jan 01 00:00:00 2020: is this host's clock right?"],
    ['2020-06-01', 'charon names Jan 01 00:00:00 2020 to Jan 01 00:00:00 2021'],
  ])('the sentence says which end of its time has passed: %s', (today, sentence) => {
    expect(told(Date.parse(today))).toContain(sentence);
  });
});
