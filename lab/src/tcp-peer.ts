/**
 * One end of a bulk transfer, run inside a namespace: `receive PORT` or `send ADDRESS PORT BYTES`. Both print
 * `{bytes, sha256}` of what they moved, so that an arrival is proved and not assumed. A program, not a module.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const chunkBytes = 64 * 1024;
const [role, ...args] = process.argv.slice(2);

if (role === 'receive') receive(Number(args[0]));
else await send(args[0] ?? '', Number(args[1]), Number(args[2]));

function receive(port: number): void {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const hash = createHash('sha256');
    let bytes = 0;
    socket.on('data', (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
    });
    socket.on('end', () => {
      socket.end('.');
      server.close();
      report(bytes, hash.digest('hex'));
    });
  });
  server.listen(port);
}

async function send(host: string, port: number, total: number): Promise<void> {
  const socket = connect({ host, port, allowHalfOpen: true });
  const hash = createHash('sha256');
  for (const chunk of chunks(total)) {
    hash.update(chunk);
    if (!socket.write(chunk)) await once(socket, 'drain');
  }
  socket.end();
  // The receiver's byte says it has seen the end: until then nothing is proved.
  await once(socket, 'data');
  report(total, hash.digest('hex'));
}

/** The same bytes each time, different in every chunk. */
function* chunks(total: number): Generator<Buffer> {
  const pattern = Buffer.alloc(chunkBytes, createHash('sha512').update('sallyport').digest());
  for (let sent = 0; sent < total; sent += chunkBytes) {
    const chunk = Buffer.from(pattern.subarray(0, Math.min(chunkBytes, total - sent)));
    if (chunk.length >= 6) chunk.writeUIntBE(sent, 0, 6);
    yield chunk;
  }
}

function report(bytes: number, sha256: string): void {
  process.stdout.write(`${JSON.stringify({ bytes, sha256 })}\n`);
}
