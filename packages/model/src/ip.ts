/**
 * IPv4 and IPv6 addresses and prefixes as numbers: parsing, printing, containment. Not a list of reserved ranges
 * (arm/rules) and no allocation (arm/types). Text forms: RFC 4291 §2.2–2.3, printing: RFC 5952; IPv4 octets are decimal
 * without leading zeros, as Azure demands.
 */
export type AddressFamily = 4 | 6;
export type IpAddress = { readonly family: AddressFamily; readonly value: bigint };
/** `address` is the network address: bits beyond `length` are zero. */
export type Cidr = { readonly family: AddressFamily; readonly address: bigint; readonly length: number };

/** An address, or undefined when the text is none. Zone indexes (`fe80::1%eth0`) are refused. */
export function parseAddress(text: string): IpAddress | undefined {
  const family = text.includes(':') ? 6 : 4;
  const value = family === 6 ? parseIpv6(text) : parseIpv4(text);
  return value === undefined ? undefined : { family, value };
}

export function formatAddress(address: IpAddress): string {
  return address.family === 4 ? formatIpv4(address.value) : formatIpv6(address.value);
}

/** `10.1.0.0/16`. Host bits are allowed and cleared; `hasHostBits` says whether there were any. */
export function parseCidr(text: string): Cidr | undefined {
  const [addressText, lengthText, ...rest] = text.split('/');
  if (addressText === undefined || lengthText === undefined || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(lengthText)) return undefined;
  const address = parseAddress(addressText);
  const length = Number(lengthText);
  if (address === undefined || length > bitsOf(address.family)) return undefined;
  return cidrOf(address, length);
}

/** The prefix of that length around an address. */
export function cidrOf(address: IpAddress, length: number): Cidr {
  const hostBits = BigInt(bitsOf(address.family) - length);
  return { family: address.family, address: (address.value >> hostBits) << hostBits, length };
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress({ family: cidr.family, value: cidr.address })}/${cidr.length}`;
}

/** True for `10.1.0.5/16`: the text is a prefix with bits set beyond its length. False when it is no prefix. */
export function hasHostBits(text: string): boolean {
  const cidr = parseCidr(text);
  const address = parseAddress(text.split('/')[0] ?? '');
  return cidr !== undefined && address !== undefined && cidr.address !== address.value;
}

/** Whether `inner` lies in `outer`, the same prefix included. Families never contain each other. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  return outer.length <= inner.length && containsAddress(outer, { family: inner.family, value: inner.address });
}

export function containsAddress(cidr: Cidr, address: IpAddress): boolean {
  if (cidr.family !== address.family) return false;
  const hostBits = BigInt(bitsOf(cidr.family) - cidr.length);
  return address.value >> hostBits === cidr.address >> hostBits;
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return contains(a, b) || contains(b, a);
}

/**
 * Address number `index` of a prefix, counted from its network address; negative counts from the end, -1 is the last.
 * Throws a RangeError outside the prefix: the caller chose the index, so that is a programming error.
 */
export function addressAt(cidr: Cidr, index: bigint | number): IpAddress {
  const size = sizeOf(cidr);
  const wanted = BigInt(index);
  const offset = wanted < 0n ? size + wanted : wanted;
  if (offset < 0n || offset >= size) throw new RangeError(`address ${wanted} of ${formatCidr(cidr)}: it has only ${size}`);
  return { family: cidr.family, value: cidr.address + offset };
}

/** Number of addresses, network and broadcast address included. */
export function sizeOf(cidr: Cidr): bigint {
  return 1n << BigInt(bitsOf(cidr.family) - cidr.length);
}

/** Order: IPv4 first, then by address, then the shorter (larger) prefix first. */
export function compareCidr(a: Cidr, b: Cidr): number {
  if (a.family !== b.family) return a.family - b.family;
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.length - b.length;
}

export function compareAddress(a: IpAddress, b: IpAddress): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.value === b.value ? 0 : a.value < b.value ? -1 : 1;
}

export function bitsOf(family: AddressFamily): 32 | 128 {
  return family === 4 ? 32 : 128;
}

function parseIpv4(text: string): bigint | undefined {
  const octets = text.split('.');
  if (octets.length !== 4 || !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255)) return undefined;
  return octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = [groupsOf(halves[0] ?? '', halves.length === 1), groupsOf(halves[1] ?? '', true)];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // "::" stands for at least one group of zeros (RFC 4291 §2.2).
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0n), ...tail];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** 16-bit groups of one side of "::"; an IPv4 address may stand for the last two groups of the whole address. */
function groupsOf(text: string, isLast: boolean): readonly bigint[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: bigint[] = [];
  for (const [index, part] of parts.entries()) {
    if (part.includes('.') && isLast && index === parts.length - 1) {
      const embedded = parseIpv4(part);
      if (embedded === undefined) return undefined;
      groups.push(embedded >> 16n, embedded & 0xffffn);
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}

function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => ((value >> shift) & 0xffn).toString()).join('.');
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as "::". */
function formatIpv6(value: bigint): string {
  const groups = [112n, 96n, 80n, 64n, 48n, 32n, 16n, 0n].map((shift) => (value >> shift) & 0xffffn);
  const run = longestZeroRun(groups);
  const print = (part: readonly bigint[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return print(groups);
  return `${print(groups.slice(0, run.start))}::${print(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly bigint[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0n) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}
