/** Names of regions: `West Europe` and `westeurope` are the same. Which regions exist is the control plane's configuration. */
export function normalizeLocation(location: string): string {
  return location.toLowerCase().replaceAll(/\s/g, '');
}
