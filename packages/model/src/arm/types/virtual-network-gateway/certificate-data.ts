/**
 * Root certificates arrive as base64 of DER (documented), base64 of a whole PEM file (az), or PEM text. Stored is the
 * first form, on one line. Whether it is a valid certificate is the engine's to say.
 */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

export function certificateData(text: string): string {
  const compact = withoutArmour(text);
  const decoded = compact.startsWith('LS0tLS') ? decodeAscii(compact) : undefined;
  return decoded?.includes('BEGIN CERTIFICATE') === true ? withoutArmour(decoded) : compact;
}

/** True for base64 text whose content begins as a DER sequence does. */
export function isCertificateData(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.startsWith('M');
}

function withoutArmour(text: string): string {
  return text.replaceAll(/-----(BEGIN|END) CERTIFICATE-----/g, '').replaceAll(/\s/g, '');
}

/** Base64 to text, one character per byte. Bytes beyond ASCII don't occur in PEM. */
function decodeAscii(base64: string): string {
  let bits = 0;
  let count = 0;
  let out = '';
  for (const character of base64.replaceAll('=', '')) {
    bits = ((bits << 6) | alphabet.indexOf(character)) & 0xffffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += String.fromCharCode((bits >> count) & 0xff);
    }
  }
  return out;
}
