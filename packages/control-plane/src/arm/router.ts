/**
 * Finds the route of a path. Patterns are segments: literals (compared without case), `{name}` for one segment, and a last
 * `{*rest}` for all that follow. Literals win over parameters. Not here: versions, sign-in, scopes.
 */
import type { ArmMethod, ArmRequest, ArmResponse } from './message.ts';

/** Captured segments, as the client spelled them. `rest` joins several with `/`. */
export type PathParameters = ReadonlyMap<string, string>;

export type ArmHandler = (request: ArmRequest, path: PathParameters) => Promise<ArmResponse> | ArmResponse;

export type ArmRoute = {
  readonly method: ArmMethod;
  /** `/subscriptions/{subscription}/resourcegroups/{group}`. */
  readonly pattern: string;
  readonly handle: ArmHandler;
  /** Answered without a token. */
  readonly isAnonymous?: boolean;
  /** False for what is not ARM (sign-in). Default true. */
  readonly needsApiVersion?: boolean;
};

type Node = {
  readonly literals: Map<string, Node>;
  parameter: { readonly name: string; readonly node: Node } | undefined;
  rest: { readonly name: string; readonly node: Node } | undefined;
  readonly routes: Map<ArmMethod, ArmRoute>;
};

export type Match =
  | { readonly type: 'found'; readonly route: ArmRoute; readonly path: PathParameters }
  | { readonly type: 'methodNotAllowed'; readonly allowed: readonly ArmMethod[] }
  | { readonly type: 'notFound' };

export type Router = { readonly match: (method: ArmMethod, segments: readonly string[]) => Match };

/** @throws Error when two routes have the same method and pattern: a programmer's mistake. */
export function createRouter(routes: readonly ArmRoute[]): Router {
  const root = newNode();
  for (const route of routes) {
    const node = nodeOf(root, route.pattern);
    if (node.routes.has(route.method)) throw new Error(`two routes for ${route.method} ${route.pattern}`);
    node.routes.set(route.method, route);
  }
  return {
    match: (method, segments) => {
      const allowed = new Set<ArmMethod>();
      for (const { node, path } of matches(root, segments, 0, [])) {
        const route = node.routes.get(method) ?? (method === 'HEAD' ? node.routes.get('GET') : undefined);
        if (route !== undefined) return { type: 'found', route, path: new Map(path) };
        for (const other of node.routes.keys()) allowed.add(other);
        break; // the most literal path decides: a broader pattern must not answer in its place
      }
      return allowed.size === 0 ? { type: 'notFound' } : { type: 'methodNotAllowed', allowed: [...allowed] };
    },
  };
}

function newNode(): Node {
  return { literals: new Map(), parameter: undefined, rest: undefined, routes: new Map() };
}

function nodeOf(root: Node, pattern: string): Node {
  let node = root;
  for (const segment of pattern.split('/').filter((part) => part !== '')) {
    const parameter = /^\{(\*?)(\w+)\}$/.exec(segment);
    if (parameter?.[1] === '*') {
      node.rest ??= { name: parameter[2] ?? '', node: newNode() };
      node = node.rest.node;
    } else if (parameter !== null) {
      node.parameter ??= { name: parameter[2] ?? '', node: newNode() };
      if (node.parameter.name !== parameter[2]) throw new Error(`${pattern}: the segment is called ${node.parameter.name} elsewhere`);
      node = node.parameter.node;
    } else {
      const key = segment.toLowerCase();
      const next = node.literals.get(key) ?? newNode();
      node.literals.set(key, next);
      node = next;
    }
  }
  return node;
}

type Pairs = readonly (readonly [string, string])[];

function* matches(node: Node, segments: readonly string[], index: number, path: Pairs): Generator<{ node: Node; path: Pairs }> {
  const segment = segments[index];
  if (segment === undefined) {
    if (node.routes.size > 0) yield { node, path };
    return;
  }
  const literal = node.literals.get(segment.toLowerCase());
  if (literal !== undefined) yield* matches(literal, segments, index + 1, path);
  if (node.parameter !== undefined) yield* matches(node.parameter.node, segments, index + 1, [...path, [node.parameter.name, segment]]);
  if (node.rest !== undefined) yield { node: node.rest.node, path: [...path, [node.rest.name, segments.slice(index).join('/')]] };
}
