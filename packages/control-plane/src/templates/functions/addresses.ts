/**
 * IP prefixes: `parseCidr`, `cidrSubnet`, `cidrHost`.
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-cidr
 */
import { addressAt, bitsOf, formatAddress, formatCidr, parseCidr, sizeOf, type Cidr, type JsonObject } from '@sallyport/model';
import type { Arguments, FunctionTable } from './function.ts';

function prefix(args: Arguments): Cidr {
  return parseCidr(args.text(0)) ?? args.fail(`'${args.text(0)}' is no network in CIDR notation.`);
}

function describe(args: Arguments): JsonObject {
  const cidr = prefix(args);
  const at = (index: number): string => formatAddress(addressAt(cidr, index));
  const mask = ((1n << BigInt(cidr.length)) - 1n) << BigInt(bitsOf(cidr.family) - cidr.length);
  const isSingle = sizeOf(cidr) < 4n || cidr.family === 6;
  return {
    network: at(0),
    netmask: formatAddress({ family: cidr.family, value: mask }),
    // IPv6 has no broadcast address; its first and last usable are the first and last.
    ...(cidr.family === 4 ? { broadcast: at(-1) } : {}),
    firstUsable: at(isSingle ? 0 : 1),
    lastUsable: at(isSingle ? -1 : -2),
    cidr: cidr.length,
  };
}

function subnet(args: Arguments): string {
  const outer = prefix(args);
  const [length, index] = [args.integer(1), args.integer(2)];
  if (length < outer.length || length > bitsOf(outer.family)) args.fail(`a /${length} does not fit into ${formatCidr(outer)}.`);
  const count = 1n << BigInt(length - outer.length);
  if (index < 0 || BigInt(index) >= count)
    args.fail(`${formatCidr(outer)} has ${count} subnets of /${length}; there is no number ${index}.`);
  const size = 1n << BigInt(bitsOf(outer.family) - length);
  return formatCidr({ family: outer.family, address: outer.address + BigInt(index) * size, length });
}

/** Azure counts hosts from the first usable address: index 0 of 10.0.0.0/24 is 10.0.0.1. */
function host(args: Arguments): string {
  const cidr = prefix(args);
  const index = args.integer(1) + (cidr.family === 4 ? 1 : 0);
  if (args.integer(1) < 0 || BigInt(index) >= sizeOf(cidr)) args.fail(`${formatCidr(cidr)} has no host number ${args.integer(1)}.`);
  return formatAddress(addressAt(cidr, index));
}

export const addressFunctions: FunctionTable = {
  parseCidr: { arity: [1, 1], call: describe },
  cidrSubnet: { arity: [3, 3], call: subnet },
  cidrHost: { arity: [2, 2], call: host },
};
