/** Counting what ping(8) prints, here as captured from iputils 20221126. */
import { expect, test } from 'vitest';
import { parseEchoes } from './traffic.ts';

const head = 'PING 192.168.0.10 (192.168.0.10) 56(84) bytes of data.\n';
const answer = (sequence: number): string => `64 bytes from 192.168.0.10: icmp_seq=${sequence} ttl=61 time=0.374 ms\n`;

test('every unanswered echo but the newest is lost', () => {
  const text = `${head}${answer(1)}no answer yet for icmp_seq=2\n${answer(3)}no answer yet for icmp_seq=4\n`;
  expect(parseEchoes(text)).toEqual({ sent: 4, answered: 2, lost: [2] });
});

test('a late answer takes its echo back', () => {
  expect(parseEchoes(`${head}no answer yet for icmp_seq=1\n${answer(1)}${answer(2)}`)).toEqual({ sent: 2, answered: 2, lost: [] });
});

test('errors of routers are no answers', () => {
  const text = `${head}${answer(1)}From 10.1.0.1 icmp_seq=2 Destination Host Unreachable\n${answer(3)}`;
  expect(parseEchoes(text)).toEqual({ sent: 3, answered: 2, lost: [2] });
});

test('nothing printed yet is nothing sent', () => {
  expect(parseEchoes('')).toEqual({ sent: 0, answered: 0, lost: [] });
});
