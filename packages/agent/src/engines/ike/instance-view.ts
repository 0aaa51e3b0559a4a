/** What is there of one instance: its charon and every tunnel of the plan, asked now. Starts and changes nothing. One connection's view is view.ts. */
import type { EngineObservation, InstancePlan } from '@sallyport/model';
import type { ViciSession } from '@sallyport/protocols';
import type { EngineView } from '../engine.ts';
import type { InstanceParts } from './instance-parts.ts';
import { readTunnels } from './read-tunnels.ts';
import { keyVersionInUse } from './rotation.ts';
import { viewConnection, viewUnseen } from './view.ts';

export async function viewInstance(
  parts: InstanceParts,
  engine: EngineObservation,
  session: ViciSession | undefined,
  instance: InstancePlan,
): Promise<EngineView> {
  const { ledger } = parts;
  const nowMs = parts.context.clock.now();
  try {
    if (session === undefined) throw new Error('it is not running');
    return { engines: [engine], connections: await viewSeen(parts, session, instance, nowMs) };
  } catch (error) {
    const detail = `charon does not answer: ${error instanceof Error ? error.message : String(error)}`;
    const connections = instance.tunnels.map((tunnel) => {
      ledger.recordUnseen(tunnel, detail);
      return viewUnseen(instance, tunnel, { traffic: ledger.total(tunnel.connection), nowMs }, detail);
    });
    return { engines: [{ ...engine, isHealthy: false, detail }], connections };
  }
}

async function viewSeen(
  parts: InstanceParts,
  session: ViciSession,
  instance: InstancePlan,
  nowMs: number,
): Promise<EngineView['connections']> {
  const { ledger, reasons, memory } = parts;
  const sas = await readTunnels(parts, session, instance.tunnels);
  const keyVersions = new Map<string, number | undefined>();
  for (const [name, known] of memory.known) if (known.keys.length > 1) keyVersions.set(name, await keyVersionInUse(session, known));
  return instance.tunnels.map((tunnel) => {
    const own = sas.get(tunnel.name) ?? [];
    return viewConnection(instance, tunnel, {
      sas: own,
      finding: reasons.reasonFor(tunnel.name, own[0]?.sa.remoteAddress ?? tunnel.ike.remoteAddress),
      traffic: ledger.total(tunnel.connection),
      nowMs,
      keyVersion: keyVersions.get(tunnel.name),
    });
  });
}
