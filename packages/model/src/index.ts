/** The words of Sallyport: ARM resources and their rules, ids, addresses, plan and observation. Pure; runs anywhere. */
export * from './json.ts';
export * from './issue.ts';
export * from './arm/resource-id.ts';
export * from './arm/resource.ts';
export * from './plan/plan.ts';
export * from './plan/observation.ts';
export * from './plan/agent-protocol.ts';
export * from './ip.ts';
export * from './arm/errors.ts';
