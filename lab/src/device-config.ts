/**
 * The two configuration files of a stock strongSwan device. Pure text. swanctl.conf(5), strongswan.conf(5),
 * https://docs.strongswan.org/docs/latest/plugins/kernel-libipsec.html
 */
import { LabError } from './fabric.ts';

export type DeviceConfig = {
  readonly localAddress: string;
  /** What it calls itself: its address, when absent. */
  readonly localId?: string;
  /** The gateway's public address: all that a device knows of it. */
  readonly remoteAddress: string;
  readonly ikeVersion: 1 | 2;
  /** swanctl.conf(5) syntax: `aes256-sha1-modp1024`. */
  readonly ikeProposals: readonly string[];
  readonly espProposals: readonly string[];
  readonly sharedKey: string;
  /** One CHILD SA each, seen from the device. */
  readonly selectors: readonly { readonly local: readonly string[]; readonly remote: readonly string[] }[];
  /** False: it waits for the gateway, and starts only when its own traffic asks for the tunnel. */
  readonly initiates: boolean;
};

/** The daemon's settings. Plugins are listed because libipsec must take the ESP part before kernel-netlink can. */
export function renderStrongswanConf(runDirectory: string): string {
  return `charon-systemd {
  load_modular = no
  load = random nonce openssl aes sha1 sha2 md5 hmac kdf gcm des pem x509 pubkey kernel-libipsec kernel-netlink socket-default vici updown
  install_virtual_ip = no
  plugins {
    vici {
      socket = unix://${runDirectory}/vici.sock
    }
    # A tunnel may take everything (0.0.0.0/0), and then must not take its own outer packets.
    kernel-netlink {
      fwmark = !0x42
    }
    socket-default {
      fwmark = 0x42
    }
  }
  filelog {
    main {
      path = ${runDirectory}/charon.log
      append = yes
      time_format = %H:%M:%S
      flush_line = yes
      default = 1
    }
  }
  journal {
    default = -1
  }
}
`;
}

export function renderSwanctlConf(config: DeviceConfig): string {
  const children = config.selectors.map(
    (selector, index) => `      net${index + 1} {
        local_ts = ${selector.local.join(', ')}
        remote_ts = ${selector.remote.join(', ')}
        esp_proposals = ${config.espProposals.join(', ')}
        start_action = ${config.initiates ? 'start' : 'none'}
        dpd_action = ${config.initiates ? 'restart' : 'clear'}
      }
`,
  );
  return `connections {
  azure {
    version = ${config.ikeVersion}
    local_addrs = ${config.localAddress}
    remote_addrs = ${config.remoteAddress}
    proposals = ${config.ikeProposals.join(', ')}
    mobike = no
    dpd_delay = 30s
    keyingtries = 0
    local {
      auth = psk
      id = ${config.localId ?? config.localAddress}
    }
    remote {
      auth = psk
      id = ${config.remoteAddress}
    }
    children {
${children.join('')}    }
  }
}
secrets {
  ike-azure {
    secret = ${quoted(config.sharedKey)}
    id-1 = ${config.remoteAddress}
  }
}
`;
}

/** In quotes backslash and quote are escaped; a line break could end the value and is refused. */
function quoted(secret: string): string {
  if (/[\r\n]/.test(secret)) throw new LabError('a shared key with a line break can not be written to swanctl.conf');
  return `"${secret.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
