// biome-ignore-all lint/performance/noBarrelFile: the entry of the project
/** The services of the shop: `leveret dev`, `leveret up` and `leveret start` read them here. */
export { inventoryUnit } from './inventory/service.ts';
export { notificationsUnit } from './notifications/service.ts';
export { ordersUnit } from './orders/service.ts';
export { paymentsUnit } from './payments/service.ts';
export { shippingUnit } from './shipping/service.ts';
