/**
 * A program of its own, run inside a namespace: sends IKE packets from all IPv4 addresses of that namespace's public leg, never answers
 * anything, and prints how many it sent. `node ike-flood.ts TARGET PACKETS-PER-SECOND SECONDS`. In turn: requests for an IKE SA that are
 * right (RFC 7296 §1.2; whoever takes them has to do a Diffie-Hellman exchange), the same to port 4500, messages for SAs that do not exist,
 * headers with a wrong length, noise. For lab tests; ike-scan(1) is the third party beside it.
 */
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { pathToFileURL } from 'node:url';

/** @param rspi 8 bytes. @param length of the header field; the real one by default. */
export function ikeMessage(exchange: number, rspi: Uint8Array, payloads: Uint8Array, firstPayload: number, length?: number): Buffer {
  const header = Buffer.alloc(28);
  randomBytes(8).copy(header, 0);
  header.set(rspi, 8);
  header.set([firstPayload, 0x20, exchange, 0x08], 16);
  header.writeUInt32BE(length ?? 28 + payloads.length, 24);
  return Buffer.concat([header, payloads]);
}

function payload(next: number, body: Uint8Array): Buffer {
  const header = Buffer.from([next, 0, 0, 0]);
  header.writeUInt16BE(4 + body.length, 2);
  return Buffer.concat([header, body]);
}

/** AES-CBC-256, PRF and integrity SHA2-256, group 14: what a stock peer might ask for. */
export function saInit(): Buffer {
  const transform = (last: boolean, type: number, id: number, attribute: readonly number[] = []): Buffer =>
    Buffer.from([last ? 0 : 3, 0, 0, 8 + attribute.length, type, 0, id >> 8, id & 255, ...attribute]);
  const transforms = Buffer.concat([
    transform(false, 1, 12, [0x80, 14, 1, 0]),
    transform(false, 2, 5),
    transform(false, 3, 12),
    transform(true, 4, 14),
  ]);
  const proposal = Buffer.concat([Buffer.from([0, 0, 0, 8 + transforms.length, 1, 1, 0, 4]), transforms]);
  const ke = Buffer.concat([Buffer.from([0, 14, 0, 0]), randomBytes(256)]);
  const body = Buffer.concat([payload(34, proposal), payload(40, ke), payload(0, randomBytes(32))]);
  return ikeMessage(34, Buffer.alloc(8), body, 33);
}

type Shape = { readonly port: number; readonly make: () => Buffer };
const marker = Buffer.alloc(4);
const shapes: readonly Shape[] = [
  { port: 500, make: saInit },
  { port: 4500, make: () => Buffer.concat([marker, saInit()]) },
  { port: 500, make: () => ikeMessage(35, randomBytes(8), randomBytes(80), 46) },
  { port: 500, make: () => ikeMessage(37, randomBytes(8), randomBytes(40), 46, 9000) },
  { port: 4500, make: () => Buffer.concat([marker, randomBytes(60)]) },
  { port: 500, make: () => randomBytes(90) },
];

async function flood(target: string, perSecond: number, seconds: number): Promise<number> {
  const addresses = (networkInterfaces()['public'] ?? []).filter(({ family }) => family === 'IPv4').map(({ address }) => address);
  const sockets = await Promise.all(
    addresses.map(async (address) => {
      const socket = createSocket('udp4');
      await new Promise<void>((resolve) => socket.bind({ address, port: 0 }, resolve));
      return socket.on('error', () => {});
    }),
  );
  const tickMs = 10;
  let sent = 0;
  for (let tick = 0; tick < (seconds * 1000) / tickMs; tick += 1) {
    for (let n = 0; n < (perSecond * tickMs) / 1000; n += 1) {
      const shape = shapes[sent % shapes.length];
      if (shape !== undefined) sockets[sent % sockets.length]?.send(shape.make(), shape.port, target);
      sent += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  for (const socket of sockets) socket.close();
  return sent;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [target = '', perSecond = '', seconds = ''] = process.argv.slice(2);
  process.stdout.write(`${await flood(target, Number(perSecond), Number(seconds))}\n`);
}
