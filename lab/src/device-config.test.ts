/** What a stock strongSwan is told. */
import { expect, test } from 'vitest';
import { renderSwanctlConf } from './device-config.ts';

const config = {
  localAddress: '203.0.113.11',
  remoteAddress: '198.51.100.4',
  ikeVersion: 2,
  ikeProposals: ['aes256-sha1-modp1024'],
  espProposals: ['aes256gcm16'],
  sharedKey: 'Vive.la.clef"\\',
  selectors: [
    { local: ['192.168.0.0/24', '192.168.1.0/24'], remote: ['10.1.0.0/16'] },
    { local: ['192.168.2.0/24'], remote: ['10.2.0.0/16'] },
  ],
  initiates: false,
} as const;

test('one connection, a child for each selector, the key quoted', () => {
  expect(renderSwanctlConf(config)).toMatchInlineSnapshot(`
    "connections {
      azure {
        version = 2
        local_addrs = 203.0.113.11
        remote_addrs = 198.51.100.4
        proposals = aes256-sha1-modp1024
        mobike = no
        dpd_delay = 30s
        keyingtries = 0
        local {
          auth = psk
          id = 203.0.113.11
        }
        remote {
          auth = psk
          id = 198.51.100.4
        }
        children {
          net1 {
            local_ts = 192.168.0.0/24, 192.168.1.0/24
            remote_ts = 10.1.0.0/16
            esp_proposals = aes256gcm16
            start_action = none
            dpd_action = clear
          }
          net2 {
            local_ts = 192.168.2.0/24
            remote_ts = 10.2.0.0/16
            esp_proposals = aes256gcm16
            start_action = none
            dpd_action = clear
          }
        }
      }
    }
    secrets {
      ike-azure {
        secret = "Vive.la.clef\\"\\\\"
        id-1 = 198.51.100.4
      }
    }
    "
  `);
});

test('a key with a line break is refused: it could carry settings', () => {
  expect(() => renderSwanctlConf({ ...config, sharedKey: 'a"\n}\nconnections {' })).toThrow('line break');
});
