/** Virtual machines for what this host's kernel can't do. */
export * from './guest.ts';
export { findGuestKernel } from './guest-files.ts';
export type { GuestKernel } from './guest-files.ts';
