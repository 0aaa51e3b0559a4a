/** Decides: resources + previous plan + inventory → plan, report, issues. Pure and synchronous. */
export * from './input.ts';
