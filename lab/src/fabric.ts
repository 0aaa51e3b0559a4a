/**
 * Which fabric a data directory belongs to: its id, from it the prefix of every namespace and the run directory.
 * Two fabrics never touch each other's namespaces. Not the objects themselves: those are the agent's and sites.ts's.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { groundTrouble, readOwnFile, writeWholeFile } from '@sallyport/runtime';

export type Fabric = {
  /** Four hex digits, chosen once per data directory. */
  readonly id: string;
  readonly dataDirectory: string;
  /** Sockets, pid files and daemons' configuration: gone after a stop. */
  readonly runDirectory: string;
  /** `sp-<id>-` */
  readonly namespacePrefix: string;
};

export class LabError extends Error {
  override readonly name = 'LabError';
}

/**
 * The fabric of a data directory; makes the directory (0700) and chooses an id when there is none yet.
 * @param runDirectory for a new one, in place of /run/sallyport/ID, which only root can make.
 */
export function createFabric(dataDirectory: string, runDirectory?: string): Fabric {
  const directory = resolve(dataDirectory);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const trouble = groundTrouble(directory);
    throw trouble === undefined ? new LabError(`could not make ${directory}`, { cause }) : new LabError(trouble);
  }
  const file = join(directory, 'fabric.json');
  if (!existsSync(file)) writeWholeFile(file, `${JSON.stringify({ id: randomBytes(2).toString('hex'), runDirectory })}\n`);
  return openFabric(directory);
}

/** @throws LabError when nothing was ever started with this data directory. */
export function openFabric(dataDirectory: string): Fabric {
  const directory = resolve(dataDirectory);
  const file = join(directory, 'fabric.json');
  if (!existsSync(file)) throw new LabError(`${directory} holds no fabric: start one with \`sallyport up --data-dir ${directory}\``);
  const remedy = 'it must hold {"id": "<4 hex digits>"}, those in the names of its namespaces, sp-<id>-*';
  const parsed: unknown = readOwnFile(file, JSON.parse, remedy);
  const { id, runDirectory }: { readonly id?: unknown; readonly runDirectory?: unknown } =
    typeof parsed === 'object' && parsed !== null ? parsed : {};
  if (typeof id !== 'string' || !/^[0-9a-f]{4}$/.test(id)) throw new LabError(`${file} is damaged: ${remedy}`);
  return {
    id,
    dataDirectory: directory,
    runDirectory: typeof runDirectory === 'string' ? runDirectory : `/run/sallyport/${id}`,
    namespacePrefix: `sp-${id}-`,
  };
}
