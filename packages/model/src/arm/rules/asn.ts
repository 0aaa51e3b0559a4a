/**
 * Autonomous system numbers that nobody may choose.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-vpn-faq#what-asns-can-i-use
 */
const reservedByAzure = [8074, 8075, 12076, 65515, 65517, 65518, 65519, 65520];
/** The FAQ prints 429496729 where IANA's last number is meant; both are refused. */
const reservedByIana = [23456, 429496729, 4294967295];
const reservedRanges = [
  [64496, 64511],
  [65535, 65551],
] as const;

export const maximumAsn = 4_294_967_295;

export function isAsn(asn: number): boolean {
  return Number.isInteger(asn) && asn >= 0 && asn <= maximumAsn;
}

/** Reserved for everybody but, of Azure's, the gateway's own default 65515. */
export function isReservedAsn(asn: number): boolean {
  return (
    reservedByAzure.includes(asn) || reservedByIana.includes(asn) || reservedRanges.some(([first, last]) => asn >= first && asn <= last)
  );
}
