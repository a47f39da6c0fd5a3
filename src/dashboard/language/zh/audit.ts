import type { audit as english } from '../en/audit.ts';

export const audit: typeof english = {
  lead: '通过 HTTP 进行的更改和登录，最新的在前。服务器保留最近 1,000 条。',
  entries: '记录',
  time: '时间',
  user: '用户',
  address: '地址',
  operation: '操作',
  logIn: '登录',
  object: '对象',
  result: '结果',
  results: { done: '成功', refused: '被拒绝', failed: '失败' },
  allResults: '全部结果',
  filter: '用户、操作或对象',
  empty: '还没有任何更改',
  emptyWhy: '自服务器启动以来，每次通过 HTTP 的更改和每次登录都会记录在这里。',
  noneOfResult: '没有该结果的记录',
  administratorsOnly: '只有管理员可以查看审计日志',
  administratorsOnlyWhy: '您的用户需要 administrator 标签。',
};
