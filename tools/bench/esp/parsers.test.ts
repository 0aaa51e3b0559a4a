/** Other programs' reports, as they print them. */
import { expect, test } from 'vitest';
import { parseIperf } from './iperf.ts';
import { parsePing } from './latency.ts';
import { parseProcessSeconds } from './processor.ts';
import { groupSamples, parsePerf } from './profile.ts';
import { parseCount, ratePoint } from './udp.ts';

const sum = (bits: number): object => ({ start: 0, end: 4, seconds: 4, bytes: bits / 2, bits_per_second: bits, sender: true });

test('a TCP report gives what arrived', () => {
  const report = { end: { sum_sent: { ...sum(5e9), retransmits: 7 }, sum_received: sum(4.9e9) } };
  expect(parseIperf(JSON.stringify(report))).toEqual({ bits: 4.9e9, retransmits: 7 });
});

test('both directions of a --bidir report are added, and the way back is kept apart', () => {
  const report = {
    end: {
      sum_sent: { ...sum(2e9), retransmits: 1 },
      sum_received: sum(2e9),
      sum_sent_bidir_reverse: { ...sum(1e9), retransmits: 2 },
      sum_received_bidir_reverse: sum(1e9),
    },
  };
  expect(parseIperf(JSON.stringify(report))).toEqual({ bits: 3e9, backwardBits: 1e9, retransmits: 3 });
});

test('an error of iperf3 is thrown with its reason', () => {
  expect(() => parseIperf('{"start":{},"intervals":[],"end":{},"error":"unable to connect to server: Connection refused"}')).toThrow(
    /unable to connect/,
  );
  expect(() => parseIperf('{"end":{}}')).toThrow(/end\.sum_received\.bits_per_second/);
});

test('ping: every answer counts, lost ones too', () => {
  const answers = Array.from(
    { length: 99 },
    (_, index) => `64 bytes from 10.2.0.10: icmp_seq=${index + 1} ttl=62 time=0.${index + 100} ms`,
  );
  const text = `PING 10.2.0.10 (10.2.0.10) from 10.1.0.10 : 56(84) bytes of data.\n${answers.join('\n')}\n\n--- 10.2.0.10 ping statistics ---\n100 packets transmitted, 99 received, 1% packet loss, time 396ms\n`;
  expect(parsePing(text)).toEqual({ p50: 0.149, p99: 0.198, sent: 100, lost: 1 });
});

test('no answer at all has no percentiles', () => {
  expect(parsePing('5 packets transmitted, 0 received, 100% packet loss, time 100ms\n')).toEqual({
    p50: undefined,
    p99: undefined,
    sent: 5,
    lost: 5,
  });
});

test('processor time of a process with a difficult name', () => {
  const stat = `42 (a) R (b) S 1 42 42 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 3 0 1000 1000000 200 ${'0 '.repeat(28)}`;
  expect(parseProcessSeconds(stat)).toBe(2);
});

test('counts of udp-load become a point', () => {
  const sent = parseCount('{"packets":1000,"bytes":64000,"seconds":2.0}');
  const received = parseCount('{"packets":900,"bytes":57600,"seconds":1.9}');
  const point = ratePoint(sent, received);
  expect(point).toMatchObject({ offeredPackets: 500, deliveredPackets: 450, offeredBits: 256_000, deliveredBits: 230_400 });
  expect(point.loss).toBeCloseTo(0.1);
  expect(() => parseCount('{"packets":1}')).toThrow(/bytes/);
});

test('perf’s samples are grouped, headers are not samples', () => {
  const text = [
    '# Overhead;Shared Object;Symbol',
    '10.00%  ;[kernel.kallsyms];[k] _copy_from_iter',
    '20.00%  ;[kernel.kallsyms];[k] tun_get_user',
    '30.00%  ;libcrypto.so.3   ;[.] 0x0000000000243759',
    ' 5.00%  ;libcrypto.so.3   ;[.] EVP_CIPHER_CTX_ctrl',
    ' 2.00%  ;libc.so.6        ;[.] __strcmp_evex',
    ' 4.00%  ;xfrmd            ;[.] xfrmd::checksum_add',
    ' 6.00%  ;xfrmd            ;[.] xfrmd::Inbound::deliver',
    '',
  ].join('\n');
  const groups = groupSamples(parsePerf(text)).map(({ name, share }) => [
    name.split(':').at(-1)?.trim().slice(0, 14),
    Math.round(share * 100),
  ]);
  expect(groups).toEqual([
    ['AES-GCM (libIP', 30],
    ['TUN, UDP, rout', 20],
    ['copies between', 10],
    ['OpenSSL’s book', 7],
    ['everything els', 6],
    ['checksums', 4],
  ]);
});
