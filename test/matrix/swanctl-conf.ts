/** A device's swanctl.conf with as many connections and children as a test asks for; the lab's own has one connection. Pure. swanctl.conf(5). */

/** `localPrefix` where it has another than the connection's. */
export type DeviceChild = { readonly name: string; readonly esp: string; readonly localPrefix?: string };
export type DeviceConnection = {
  readonly name: string;
  readonly version: 1 | 2;
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** The addresses unless said otherwise. */
  readonly localId?: string;
  readonly remoteId?: string;
  readonly ike: string;
  readonly localPrefix: string;
  readonly remotePrefix: string;
  readonly children: readonly DeviceChild[];
  readonly sharedKey: string;
};

export function renderDevice(connections: readonly DeviceConnection[]): string {
  return `connections {
${connections.map(renderConnection).join('')}}
secrets {
${connections.map(renderKey).join('')}}
`;
}

function renderKey(connection: DeviceConnection): string {
  const { local, remote } = identities(connection);
  // By identities, and by addresses: IKEv1's main mode needs the key before it knows who is there.
  const owners = [...new Set([local, remote, connection.localAddress, connection.remoteAddress])];
  return `  ike-${connection.name} {
    secret = "${connection.sharedKey}"
${owners.map((owner, index) => `    id-${index + 1} = ${owner}\n`).join('')}  }
`;
}

function identities(connection: DeviceConnection): { readonly local: string; readonly remote: string } {
  return { local: connection.localId ?? connection.localAddress, remote: connection.remoteId ?? connection.remoteAddress };
}

function renderConnection(connection: DeviceConnection): string {
  const { name, version, localAddress, remoteAddress, ike, localPrefix, remotePrefix } = connection;
  const { local, remote } = identities(connection);
  const children = connection.children.map(
    (child) => `      ${child.name} {
        esp_proposals = ${child.esp}
        local_ts = ${child.localPrefix ?? localPrefix}
        remote_ts = ${remotePrefix}
      }
`,
  );
  return `  ${name} {
    version = ${version}
    local_addrs = ${localAddress}
    remote_addrs = ${remoteAddress}
    proposals = ${ike}
    mobike = no
    local {
      auth = psk
      id = ${local}
    }
    remote {
      auth = psk
      id = ${remote}
    }
    children {
${children.join('')}    }
  }
`;
}
