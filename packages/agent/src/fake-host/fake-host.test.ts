/** The host contract on the fake. */
import { FakeHost } from './fake-host.ts';
import { hostContract } from './host-contract.ts';

hostContract(() => {
  const host = new FakeHost();
  return { context: { run: host.run, daemons: host.daemons, paths: host.paths }, close: () => host[Symbol.asyncDispose]() };
});
