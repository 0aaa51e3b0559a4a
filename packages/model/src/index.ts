/** The words of Sallyport: ARM resources and their rules, ids, addresses, plan and observation. Pure; runs anywhere. */
export * from './json.ts';
export * from './issue.ts';
export * from './ip.ts';
export * from './arm/resource-id.ts';
export * from './arm/resource.ts';
export * from './arm/errors.ts';
export * from './arm/location.ts';
export * from './arm/algorithms.ts';
export * from './arm/skus.ts';
export * from './arm/types/index.ts';
export type { IpsecPolicy } from './arm/schema/ipsec.ts';
export { commonIssues, isResourceName, tagIssues } from './arm/rules/common.ts';
export { keyRotationTag, keyRotationWindowMs } from './arm/rules/key-rotation.ts';
export * from './plan/plan.ts';
export * from './plan/secret-references.ts';
export * from './plan/observation.ts';
export * from './plan/agent-protocol.ts';
export { parityRows, paritySections, type ParityRow, type ParityStatus } from './arm/parity.ts';
