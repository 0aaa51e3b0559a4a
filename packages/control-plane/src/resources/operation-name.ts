/** Names of operations as Azure's messages have them: `PutVirtualNetworkGatewayOperation`. */
export function operationName(verb: string, type: string): string {
  const plural = type.split('/').at(-1) ?? '';
  const singular = plural.endsWith('Addresses') ? plural.slice(0, -2) : plural.endsWith('s') ? plural.slice(0, -1) : plural;
  const word = singular === 'connection' ? 'virtualNetworkGatewayConnection' : singular;
  return `${verb}${word.charAt(0).toUpperCase()}${word.slice(1)}Operation`;
}
