/** The history of a tunnel from what charon really logged (recorded/), and the rings it is kept in. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ikeDiagnosticMessage, type IkeHistoryEntry } from '@sallyport/model';
import type { LogLine } from '@sallyport/protocols';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openHistory, readHistory, type History } from './history.ts';
import { appendToRing, readRing } from './ring-file.ts';

let directory: string;
let history: History;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sp-history-'));
  history = openHistory(directory, {
    connectionOf: (peer) => (/^203\.0\.113\.[12]$/.test(peer) ? 'hq' : undefined),
    proposalsOf: () => 'Proposals of ours: IKE Policy1:Cipher=AES256',
  });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function recorded(name: string, side: '1' | '2'): readonly LogLine[] {
  const text = readFileSync(new URL(`recorded/${name}.txt`, import.meta.url), 'utf8');
  return text.split('\n').flatMap((line) => {
    const [, end, group, level, connection, ikeSaId, message] = /^(\d) (\S+) (\d) (\S+) (\S+) (.*)$/.exec(line) ?? [];
    if (end !== side || message === undefined) return [];
    const known = (word: string | undefined): string | undefined => (word === '-' ? undefined : word);
    return [{ group: group ?? '', level: Number(level), connection: known(connection), ikeSaId: known(ikeSaId), message }];
  });
}
function written(): readonly IkeHistoryEntry[] {
  history.flush();
  return readHistory(directory, 'hq');
}
function replay(name: string, side: '1' | '2'): readonly string[] {
  for (const line of recorded(name, side)) history.onLog(line, 0, 'boot');
  return written().map((entry) => ikeDiagnosticMessage(entry).replace(/\{[0-9A-F-]{36}\}/, '{GUID}'));
}

describe('what charon logged', () => {
  it("is an initiator's story in the shape of Azure's log", () => {
    expect(replay('wrong-key', '1')).toEqual([
      'SESSION_ID :{GUID} Remote 203.0.113.2:500: Local : [LOCAL_MSG] initiating IKE_SA hq[1] to 203.0.113.2',
      'SESSION_ID :{GUID} Remote 203.0.113.2:500: Local : [LOCAL_MSG][SA_INIT] Proposals of ours: IKE Policy1:Cipher=AES256',
      'SESSION_ID :{GUID} Remote 203.0.113.2:500: Local 203.0.113.1:500: [SEND][SA_INIT] request 0 [ SA KE No N(NATD_S_IP) N(NATD_D_IP) N(FRAG_SUP) N(HASH_ALG) N(REDIR_SUP) ]',
      expect.stringContaining('Local 203.0.113.1:500: [RECEIVED][SA_INIT] response 0 [ SA KE No '),
      expect.stringContaining('[LOCAL_MSG] selected proposal: IKE:AES_CBC_256/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024'),
      expect.stringContaining('[LOCAL_MSG] remote host is behind NAT'),
      expect.stringContaining("[LOCAL_MSG] authentication of '203.0.113.1' (myself) with pre-shared key"),
      expect.stringContaining('[LOCAL_MSG] establishing CHILD_SA hq{1}'),
      expect.stringContaining('Remote 203.0.113.2:4500: Local 203.0.113.1:4500: [SEND][SA_AUTH] request 1 [ IDi '),
      'SESSION_ID :{GUID} Remote 203.0.113.2:4500: Local 203.0.113.1:4500: [RECEIVED][NOTIFY][SA_AUTH] response 1 [ N(AUTH_FAILED) ]',
      expect.stringContaining('[LOCAL_MSG] received AUTHENTICATION_FAILED notify error'),
    ]);
  });

  it('is a responder’s from before charon knows the connection, with both sides’ proposals', () => {
    const lines = replay('ike-proposals', '2').join('\n');
    expect(lines).toMatch(/\[RECEIVED\]\[SA_INIT\] request 0/);
    expect(lines).toMatch(/203\.0\.113\.1 is initiating an IKE_SA/);
    expect(lines).toMatch(/received proposals: IKE:/);
    expect(lines).toMatch(/configured proposals: IKE:/);
    expect(lines).toMatch(/\[SEND\]\[NOTIFY\]\[SA_INIT\] response 0 \[ N\(NO_PROP\) \]/);
  });

  it('of IKEv1 has main mode', () => {
    expect(replay('wrong-key-v1', '1').join('\n')).toMatch(/\[SEND\]\[MAIN_MODE\] request 0 \[ ID HASH/);
  });

  it('of a stranger is kept nowhere', () => {
    const line = { group: 'NET', level: 1, connection: '(unnamed)', ikeSaId: '7' };
    history.onLog({ ...line, message: 'received packet: from 192.0.2.66[500] to 203.0.113.2[500] (336 bytes)' }, 0, 'boot');
    history.onLog({ ...line, group: 'IKE', message: '192.0.2.66 is initiating an IKE_SA' }, 0, 'boot');
    expect(written()).toEqual([]);
    // A peer from an unexpected address is known when charon has found its connection: nothing of it is lost.
    history.onLog({ ...line, group: 'CFG', connection: 'hq', message: "selected peer config 'hq'" }, 0, 'boot');
    expect(written().map(({ message }) => message)).toEqual(['192.0.2.66 is initiating an IKE_SA', "selected peer config 'hq'"]);
  });

  it('of liveness checks is left out', () => {
    const line = { group: 'ENC', level: 1, connection: 'hq', ikeSaId: '1' };
    for (const message of ['parsed INFORMATIONAL request 5 [ ]', 'generating INFORMATIONAL_V1 request 3 [ HASH N(DPD) ]'])
      history.onLog({ ...line, message }, 0, 'boot');
    expect(written()).toEqual([]);
  });

  it('of a silent peer thins out, and is whole again when it answers', () => {
    const say = (group: string, message: string): void =>
      history.onLog({ group, level: 1, connection: 'hq', ikeSaId: '1', message }, 0, 'boot');
    const round = (): void => {
      say('IKE', 'giving up after 4 retransmits');
      say('IKE', 'peer not responding, trying again (2/0)');
    };
    const rounds = (): number => written().filter(({ message }) => message.startsWith('peer not')).length;
    for (let count = 0; count < 1000; count += 1) round();
    expect(rounds()).toBe(10); // 1, 2, 4 … 512
    say('ENC', 'parsed IKE_SA_INIT response 0 [ SA KE No ]');
    round();
    expect(rounds()).toBe(11);
  });
});

describe('a ring', () => {
  const file = (): string => join(directory, 'x.ike.jsonl');
  const entries = (): readonly number[] => readRing<{ readonly n: number }>(file()).map(({ n }) => n);

  it('keeps the newest and never more than two halves', () => {
    for (let n = 0; n < 1000; n += 1) appendToRing(file(), [{ n }], 1000);
    const sizes = [file(), `${file()}.old`].map((half) => statSync(half).size);
    expect(Math.max(...sizes)).toBeLessThan(1020);
    expect(entries().at(-1)).toBe(999);
    expect(entries().length).toBeGreaterThan(90);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('takes many at once, and keeps its bound', () => {
    appendToRing(
      file(),
      Array.from({ length: 1000 }, (_, n) => ({ n })),
      1000,
    );
    expect(Math.max(...[file(), `${file()}.old`].map((half) => statSync(half).size))).toBeLessThan(1020);
    expect(entries().at(-1)).toBe(999);
    expect(entries()).toEqual(Array.from({ length: entries().length }, (_, index) => 1000 - entries().length + index));
    expect(entries().length).toBeGreaterThan(90);
  });

  it('loses the line that a crash cut short, and no other', () => {
    for (let n = 0; n < 3; n += 1) appendToRing(file(), [{ n }], 1000);
    truncateSync(file(), statSync(file()).size - 3);
    appendToRing(file(), [{ n: 3 }], 1000);
    appendFileSync(file(), '{"n": 4, "mess');
    expect(entries()).toEqual([0, 1, 3]);
  });
});

describe('comings and goings', () => {
  it('are not told before what led to them', () => {
    replayLine();
    history.tunnel('hq', false, '', '203.0.113.2', 0);
    expect(readHistory(directory, 'hq').map(({ category }) => category)).toEqual(['IKEDiagnosticLog', 'TunnelDiagnosticLog']);
  });

  it('have a ring of their own, which refusals do not push out, and go with the connection', () => {
    history.tunnel('hq', true, '', '203.0.113.2', 0);
    for (let count = 0; count < 2000; count += 1) replayLine();
    history.tunnel('hq', false, 'peer 203.0.113.2 closed the tunnel', '203.0.113.2', 1);
    const tunnel = written().filter(({ category }: IkeHistoryEntry) => category === 'TunnelDiagnosticLog');
    expect(tunnel.map(({ tags, message }) => [tags[0], message])).toEqual([
      ['TunnelConnected', ''],
      ['TunnelDisconnected', 'peer 203.0.113.2 closed the tunnel'],
    ]);
    replayLine();
    history.keepOnly([]);
    expect(written()).toEqual([]);
  });

  function replayLine(): void {
    const message = `parsed IKE_AUTH response 1 [ N(AUTH_FAILED) ${'x'.repeat(200)} ]`;
    history.onLog({ group: 'ENC', level: 1, connection: 'hq', ikeSaId: '1', message }, 0, 'boot');
  }
});
