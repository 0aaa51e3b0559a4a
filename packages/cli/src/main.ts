/**
 * The entry of the `sallyport` program: what it is made of is compiled once and kept, so that a command begins in half the processor
 * time. Kept beside the installed packages, where only who may change the program may write: Node's own place for it is open to everybody.
 * Where nothing can be written it is compiled each time. What the program does is in program.ts.
 * https://nodejs.org/docs/latest-v24.x/api/module.html#module-compile-cache
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

enableCompileCache(join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'sallyport'));
await import('./program.ts');
