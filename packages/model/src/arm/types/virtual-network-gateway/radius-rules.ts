/** Secrets of RADIUS servers. Checked while the body is read, because rules never see a secret. */
import type { Issue } from '../../../issue.ts';
import { refuse } from '../../rules/refuse.ts';

export function radiusSecretIssues(secrets: Readonly<Record<string, string>>): readonly Issue[] {
  return Object.values(secrets)
    .filter((secret) => !/^[\x20-\x7e]{1,128}$/.test(secret))
    .map(() =>
      refuse(
        'VGW-P2S-011',
        'VpnClientConfigurationRadiusServerSecretIsInvalid',
        'Vpn client configuration radius server secret for gateway is not a valid. Secret should be a combination of printable ascii characters and should be between 1 to 128 in length',
        'properties.vpnClientConfiguration.radiusServers',
      ),
    );
}
