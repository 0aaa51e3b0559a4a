/** What a route table and its routes may hold. */
import { z } from 'zod';
import { flag, listOf, oneOf, text, textOrNothing, type DeepReadonly } from '../../schema/fields.ts';

export const route = z.object({
  name: text,
  properties: z.object({
    addressPrefix: text.optional(),
    nextHopType: oneOf('RouteNextHopType', ['VirtualNetworkGateway', 'VnetLocal', 'Internet', 'VirtualAppliance', 'None']),
    nextHopIpAddress: textOrNothing,
  }),
});

export const routeTableProperties = z.object({ routes: listOf(route), disableBgpRoutePropagation: flag.default(false) });
export const routeTableTop = z.object({});

export type Route = DeepReadonly<z.output<typeof route>>;
export type RouteTableProperties = DeepReadonly<z.output<typeof routeTableProperties>>;
export type RouteTableAllocated = { readonly resourceGuid: string };
