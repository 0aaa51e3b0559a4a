/** The codec against output captured from nftables 1.0.6. */
import { expect, test } from 'vitest';
import { parseTable, renderReplaceTable } from './table.ts';

const captured =
  '{"nftables": [{"metainfo": {"version": "1.0.6", "json_schema_version": 1}}, {"table": {"family": "inet", "name": "sallyport", "handle": 1}}, {"chain": {"family": "inet", "table": "sallyport", "name": "forward", "handle": 1, "type": "filter", "hook": "forward", "prio": 0, "policy": "drop"}}, {"chain": {"family": "inet", "table": "sallyport", "name": "empty", "handle": 4}}, {"rule": {"family": "inet", "table": "sallyport", "chain": "forward", "handle": 2, "expr": [{"accept": null}]}}, {"rule": {"family": "inet", "table": "sallyport", "chain": "forward", "handle": 3, "comment": "digest abc", "expr": [{"accept": null}]}}]}';

/** One rule with a counter and a comment, and two that have only one of both. */
const counted =
  '{"nftables": [{"rule": {"family": "inet", "table": "sallyport", "chain": "forward", "handle": 2, "comment": "bandwidth to sites", "expr": [{"match": {"op": "==", "left": {"meta": {"key": "oifname"}}, "right": "t*"}}, {"limit": {"rate": 8000, "burst": 16, "per": "second", "inv": true, "rate_unit": "bytes", "burst_unit": "kbytes"}}, {"counter": {"packets": 988, "bytes": 1014176}}, {"drop": null}]}}, {"rule": {"family": "inet", "table": "sallyport", "chain": "forward", "handle": 3, "expr": [{"match": {"op": "==", "left": {"meta": {"key": "iifname"}}, "right": "vnet"}}, {"counter": {"packets": 0, "bytes": 0}}, {"accept": null}]}}, {"rule": {"family": "inet", "table": "sallyport", "chain": "forward", "handle": 4, "comment": "digest abc", "expr": [{"match": {"op": "==", "left": {"meta": {"key": "oifname"}}, "right": "vnet"}}, {"accept": null}]}}]}';

test('a table is read as comments and rules per chain', () => {
  expect(parseTable(captured)).toEqual({ comments: ['digest abc'], ruleCounts: { forward: 2, empty: 0 }, packets: {} });
});

test('a counter is read by the comment of its rule', () => {
  expect(parseTable(counted).packets).toEqual({ 'bandwidth to sites': 988 });
});

test('a table is replaced in one transaction, whether it was there or not', () => {
  const chains = [{ name: 'forward', hook: 'type filter hook forward priority 0; policy drop;', rules: ['iifname "vnet" accept'] }];
  expect(renderReplaceTable('sallyport', chains)).toBe(`table inet sallyport
delete table inet sallyport
table inet sallyport {
  chain forward {
    type filter hook forward priority 0; policy drop;
    iifname "vnet" accept
  }
}
`);
});
