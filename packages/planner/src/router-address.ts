/** The first usable address of a subnet is its router's, as in Azure: https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq */
import { addressAt, formatAddress, type Cidr } from '@sallyport/model';

export function routerAddress(subnet: Cidr): string {
  return formatAddress(addressAt(subnet, 1));
}
