/** What an instance's charon is told in its settings file, and why. Not its connections. strongswan.conf(5): https://docs.strongswan.org/docs/5.9/config/strongswanConf.html */
import type { CharonFiles } from './charon.ts';

/**
 * Retransmissions: after 1, 1.4, 2, 2.7 and 3.8 s, 11 s in all (`retransmitSeconds` in render.ts), so that a silent peer is
 * known quickly and one that comes back is met within 4 s.
 *
 * Floods (docs/adr/0039): the filter lets through what charon can answer (filter/ike-admission.ts); here is how charon spends that.
 * With more than 3 half-open SAs of an address, or 30 in all, whoever opens another must first return a cookie (RFC 7296 §2.6), which costs
 * us no memory. Above that, 20 half-open SAs per address instead of 5: as many sites may come back at once behind one NAT. Half-open ends
 * after 15 s instead of 30, the longest a peer's own retransmissions of IKE_AUTH need. All in all 4000, a bound on memory
 * that configured peers never reach. Threads are kept free for liveness checks and rekeys of what is up.
 */
export function charonSettings(files: Pick<CharonFiles, 'socket' | 'logFile'>): string {
  return `charon-systemd {
  load_modular = no
  load = random nonce openssl pem kdf kernel-netlink socket-default vici
  threads = 16
  dos_protection = yes
  cookie_threshold = 30
  cookie_threshold_ip = 3
  block_threshold = 20
  half_open_timeout = 15
  init_limit_half_open = 4000
  ikesa_table_size = 1024
  ikesa_table_segments = 16
  processor {
    priority_threads {
      high = 2
      medium = 4
    }
  }
  # A subject given as a bare common name matches whatever else the certificate's subject has.
  rdn_matching = relaxed
  install_routes = no
  install_virtual_ip = no
  # What reaches it on the VNet leg is the filter's to say.
  interfaces_use = public, vnet
  # Only children with a time for inactivity end so; the last of them takes its IKE SA along.
  inactivity_close_ike = yes
  retransmit_timeout = 1.0
  retransmit_base = 1.4
  retransmit_tries = 4
  journal {
    default = -1
  }
  filelog {
    file {
      path = ${files.logFile}
      append = yes
      flush_line = yes
      ike_name = yes
      time_format = %Y-%m-%dT%H:%M:%S
      time_add_ms = yes
      default = 1
    }
  }
  plugins {
    vici {
      socket = unix://${files.socket}
    }
    kernel-netlink {
      # Tunnel interfaces come and go with every connection; no address of ours ever roams.
      roam_events = no
    }
  }
}
`;
}
