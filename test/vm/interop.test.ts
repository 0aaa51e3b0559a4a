/**
 * xfrmd against the Linux kernel's own ESP: every suite both have, in UDP and raw, over IPv4 and IPv6, with and without extended
 * sequence numbers. Ours runs on the host under an unmodified charon, theirs in a virtual machine with Debian's stock kernel; tshark
 * decrypts what both sent.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Guest } from '@sallyport/lab';
import { until } from '@sallyport/runtime';
import { ports } from '../lab/up-process.ts';
import { clone } from './bundle.ts';
import { kernelAssociations, kernelSideLog, startKernelSide, swanctl } from './kernel-side.ts';
import { hasExtendedNumbers, hasHmac, suites, title } from './suites.ts';
import type { Numbered } from './suites.ts';
import { judge, listWithKeys } from './tshark-judge.ts';
import { XfrmdSide } from './xfrmd-side.ts';

let side: XfrmdSide;
let guest: Guest;

beforeAll(async () => {
  side = await XfrmdSide.create(ports);
  guest = await Guest.boot(ports, {
    memoryMb: 768,
    network: { namespace: side.namespace, tap: side.tap, mac: '02:00:00:00:00:02' },
    modules: ['esp6'],
  });
  await startKernelSide(guest);
  await side.startCapture();
});
afterAll(async () => {
  await guest?.[Symbol.asyncDispose]();
  await side?.[Symbol.asyncDispose]();
});

type Run = (
  argv: readonly string[],
  options?: { readonly okCodes?: readonly number[]; readonly timeoutMs?: number },
) => Promise<{ readonly stdout: string }>;
/** On our end, as `guest.run` is on theirs. */
const run: Run = (argv, options) => side.run(argv, { timeoutMs: 60_000, ...options });

/**
 * Echoes of several sizes, the largest in a packet of 1,400 octets; how many sizes were not answered in full. Both of a size leave at
 * once: ping waits for the last answer for the interval at least, and otherwise for two round trips, which a busy machine exceeds.
 */
async function pingLoss(run: Run, from: string, to: string): Promise<number> {
  const sizes = [1, 56, to.includes(':') ? 1352 : 1372];
  const results = await Promise.all(
    sizes.map((size) =>
      run(['ping', '-q', '-n', '-c', '2', '-l', '2', '-i', '10', '-W', '10', '-s', String(size), '-I', from, to], { okCodes: [0, 1] }),
    ),
  );
  return results.filter(({ stdout }) => !stdout.includes(' 0% packet loss')).length;
}

describe.for(suites.map((suite): [string, Numbered] => [title(suite), suite]))('%s', ([, suite]) => {
  test('is negotiated, and the kernel has it as asked', async () => {
    await side.charon.initiate({ ike: suite.name, child: suite.name, timeoutMs: 30_000 }).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\nthe kernel's side:\n${await kernelSideLog(guest)}`);
    });
    const both = (await kernelAssociations(guest)).filter(({ from, to }) => from === suite.peer || to === suite.peer);
    expect(both).toHaveLength(2);
    for (const one of both)
      expect(one).toMatchObject({
        suite: suite.kernelName,
        mode: suite.mode,
        isUdpEncapsulated: suite.wire === 'udp',
        hasExtendedNumbers: hasExtendedNumbers(suite),
      });
    const ourSas = (await side.xfrmd.statistics()).securityAssociations.filter(({ ifId }) => ifId === suite.ifId);
    expect(ourSas.map(({ extendedSequence }) => extendedSequence)).toEqual([hasExtendedNumbers(suite), hasExtendedNumbers(suite)]);
  });

  test.each(suite.ourInside.map((here, index) => [here, suite.peerInside[index] ?? ''] as const))(
    'packets of every size pass both ways, %s and %s',
    async (here, there) => {
      expect(await pingLoss(run, here, there)).toBe(0);
      expect(await pingLoss(guest.run, there, here)).toBe(0);
    },
  );
});

test("tshark decrypts the packets of both ends with the kernel's keys and finds every check value right", async () => {
  await side.stopCapture();
  const states = (await guest.run(listWithKeys)).stdout;
  const verdicts = await judge(ports.run, { capture: side.captureFile, states, folder: join(side.directory, 'judge') });
  // Two SAs of each suite, but of GMAC and ChaCha20-Poly1305. Each carried twelve echoes per version inside: three sizes twice, both ways.
  expect(verdicts.size).toBe(2 * (suites.length - 2));
  const wanted = new Map(
    (await kernelAssociations(guest)).map(({ spi, from, to }) => {
      const suite = suites.find(({ peer }) => peer === from || peer === to);
      return [`0x${spi}`, 12 * (suite?.ourInside.length ?? 0)];
    }),
  );
  const faults = [...verdicts].filter(
    ([spi, { packets, readable, right }]) =>
      packets < (wanted.get(spi) ?? Infinity) || readable !== packets || (right ?? packets) !== packets,
  );
  expect(faults).toEqual([]);
  const checked = [...verdicts.values()].filter(({ right }) => right !== undefined);
  expect(checked).toHaveLength(2 * suites.filter((suite) => hasHmac(suite) && !hasExtendedNumbers(suite)).length);
});

const peerProgram = [join(clone, 'node_modules', '.bin', 'node'), join(clone, 'lab', 'src', 'tcp-peer.ts')];
const port = '5001';
/** Node alone takes half a minute to start in a virtual machine that is emulated on a busy host. */
const slow = { timeoutMs: 300_000 } as const;

/** What the sender sent and what the receiver received, as tcp-peer.ts prints it. */
async function transfer(from: Run, to: Run, target: string): Promise<readonly string[]> {
  const received = to([...peerProgram, 'receive', port], slow);
  received.catch(() => {}); // awaited below; a failure of the sender comes first
  await until(
    () => to(['ss', '-Hltn', 'sport', '=', `:${port}`]),
    ({ stdout }) => stdout !== '',
    { because: `somebody listens on ${target}`, clock: ports.clock, ...slow },
  );
  const sent = await from([...peerProgram, 'send', target, port, '2000000'], slow);
  return [sent.stdout, (await received).stdout];
}

test.for(
  suites
    .filter(({ esp, wire }) => esp === 'aes256gcm16' || (esp === 'aes256-sha256' && wire === 'raw'))
    .map((suite) => [title(suite), suite] as const),
)('TCP with large segments arrives whole both ways: %s', async ([, suite]) => {
  const [inside = '', peer = ''] = [suite.ourInside[0], suite.peerInside[0]];
  // The guest's source address decides the policy, and with it the suite.
  await guest.run(['ip', 'route', 'replace', `${inside}/32`, 'dev', 'eth0', 'src', peer, 'table', '220']);
  for (const [from, to, target] of [
    [run, guest.run, peer],
    [guest.run, run, inside],
  ] as const) {
    const [sent, received] = await transfer(from, to, target);
    expect(sent).toContain('"bytes":2000000');
    expect(received).toBe(sent);
  }
});

test('SAs are rekeyed by either end without the loss of a packet', async () => {
  const [first] = suites;
  if (first === undefined) throw new Error('there is no suite');
  const spis = async (): Promise<readonly string[]> =>
    (await side.xfrmd.statistics()).securityAssociations.filter(({ ifId }) => ifId === first.ifId).map(({ spi }) => spi);
  const argv = ['ping', '-q', '-n', '-c', '80', '-i', '0.1', '-W', '5', '-I', first.ourInside[0] ?? '', first.peerInside[0] ?? ''];
  const pings = side.run(argv, { okCodes: [0, 1] });
  for (const rekey of [() => side.charon.rekey({ child: first.name }), () => swanctl(guest, '--rekey', '--child', first.name)]) {
    const before = await spis();
    await rekey();
    await until(spis, (now) => now.length === 2 && now.every((spi) => !before.includes(spi)), {
      because: 'both associations are new',
      clock: ports.clock,
    });
  }
  expect((await pings).stdout).toContain('80 received, 0% packet loss');
});

test('both ends counted packets of every suite, and xfrmd dropped none for a fault', async () => {
  const seen = await kernelAssociations(guest);
  for (const { peer } of suites) {
    const counts = seen.filter(({ from, to }) => from === peer || to === peer).map(({ packets }) => packets);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  }
  const { drops } = await side.xfrmd.statistics();
  expect(drops).toMatchObject({
    integrityFailed: 0,
    malformedEsp: 0,
    malformedInner: 0,
    malformedFrame: 0,
    inboundPolicy: 0,
    cipherFailed: 0,
  });
});
