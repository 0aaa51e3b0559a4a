/** Decides: resources + previous plan + inventory → plan, report, issues. Pure and synchronous. */
export * from './input.ts';
export * from './plan.ts';
export * from './check/check.ts';
export * from './print/print.ts';
export { printDiff } from './print/diff.ts';
export * from './load/resources-from-arm.ts';
export * from './load/offline-inventory.ts';
