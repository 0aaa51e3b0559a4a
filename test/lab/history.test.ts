/** The history of a real tunnel: phase 1, phase 2, rekey and end, over kill -9 of everything, on the host and over the API, without a key. */
import { expect, test } from 'vitest';
import { member, swanctl, waitForStatus } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { standing } from './standing.ts';
import { UpProcess, cli, ports, withEvidence } from './up-process.ts';

test('a tunnel tells its story, also after kill -9, and the API and the command line tell the same', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'history', async () => {
    const { session } = up;
    const { scenario } = await standing(session, 's2s-ikev2-psk');
    const connection = scenario.expect[0]?.connection ?? '';
    const history = async (...options: readonly string[]): Promise<string> =>
      (await ports.run([cli, 'history', 'hq-site1', '--data-dir', session.fabric.dataDirectory, ...options])).stdout;
    const untilTold = (pattern: RegExp, because: string): Promise<string> =>
      until(history, (text) => pattern.test(text), { because, clock: systemClock, timeoutMs: 60_000, everyMs: 500 });

    const first = await untilTold(/TunnelConnected 203\.0\.113\.11/, 'the tunnel came up');
    const line = (rest: string): RegExp =>
      new RegExp(`^\\S+Z SESSION_ID :\\{[0-9A-F-]{36}\\} Remote 203\\.0\\.113\\.11:\\d+: Local 198\\.51\\.100\\.\\d+:\\d+: ${rest}`, 'm');
    expect(first).toMatch(line('\\[SEND\\]\\[SA_INIT\\] request 0 \\[ SA KE No'));
    expect(first).toMatch(line('\\[RECEIVED\\]\\[SA_AUTH\\] response 1'));
    expect(first).toMatch(
      /\[LOCAL_MSG\]\[SA_INIT\] Proposals of ours: IKE Policy1:Cipher=AES256 Integrity=\w+ DhGroup=DHGroup2 .*; ESP Policy1:Cipher=GCMAES256/,
    );
    expect(first).toMatch(/selected proposal: ESP:AES_GCM_16_256/);
    expect(first).toMatch(/CHILD_SA \S+ established with SPIs/);

    await swanctl(session.ports, session.fabric, 'site1', ['--rekey', '--child', 'net1']);
    await untilTold(/\[CREATE_CHILD_SA\] request \d+ \[ (?:N\(REKEY_SA\)|.*REKEY)/, 'a rekey of phase 2 is told');
    await untilTold(/outbound CHILD_SA \S+ established/, 'the peer has deleted the former CHILD SA');
    await session.arm.post(`${connection}/resetconnection`, {});
    // Not by the peer, whose DELETE was that of a rekey.
    await untilTold(
      /TunnelDisconnected 203\.0\.113\.11: closed from this side\n[^]*TunnelConnected/,
      'a reset is told, and the next beginning',
    );

    await up.kill();
    await up.begin();
    await swanctl(session.ports, session.fabric, 'site1', ['--terminate', '--ike', 'azure', '--timeout', '5']);
    const last = await untilTold(/TunnelDisconnected.*peer 203\.0\.113\.11 closed the tunnel/, 'the end is told after the restart');
    expect(last.startsWith(first.slice(0, 2000))).toBe(true);
    expect(last).not.toContain('Sallyport.Example.Key');
    await waitForStatus(session, connection, 'Connected');

    const rows = (member(await session.arm.get(`${connection}/providers/Sallyport.Health/diagnosticLogs`), 'value') ??
      []) as readonly unknown[];
    const tunnel = rows.filter((row) => member(row, 'Category') === 'TunnelDiagnosticLog').map((row) => member(row, 'OperationName'));
    const again = ['TunnelDisconnected', 'TunnelConnected'];
    expect(tunnel.slice(0, 5)).toEqual(['TunnelConnected', ...again, ...again]);
    expect((await history('--tunnel')).split('\n')[0]).toMatch(/TunnelConnected 203\.0\.113\.11$/);
  });
});
