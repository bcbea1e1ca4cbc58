// What a mini-program finds in WeChat, as far as its analytics clients ask for it; requests are real ones. Launch, show, hide and
// taps are told by `launch`, `open` and `hide`, since there is nobody here to do them.
const store = new Map()
const listeners = { show: [], hide: [] }
const device = {
  brand: 'HUAWEI', model: 'P40', system: 'Android 12', platform: 'android', SDKVersion: '3.0.0', version: '8.0.50', language: 'zh_CN',
  screenWidth: 390, screenHeight: 844, windowWidth: 390, windowHeight: 800, pixelRatio: 3,
}
const start = { path: 'pages/index', query: {}, scene: 1001, referrerInfo: {} }
const told = (options, value) => {
  options?.success?.(value)
  options?.complete?.(value)
}

globalThis.wx = {
  getStorageSync: (key) => store.get(key) ?? '',
  setStorageSync: (key, data) => void store.set(key, data),
  removeStorageSync: (key) => void store.delete(key),
  getStorage: (options) => (store.has(options.key) ? told(options, { data: store.get(options.key) }) : (options.fail?.({}), options.complete?.({}))),
  setStorage: (options) => (store.set(options.key, options.data), told(options, {})),
  removeStorage: (options) => (store.delete(options.key), told(options, {})),
  getSystemInfoSync: () => device,
  getSystemInfo: (options) => told(options, device),
  getDeviceInfo: () => device,
  getWindowInfo: () => device,
  getAppBaseInfo: () => device,
  getNetworkType: (options) => told(options, { networkType: 'wifi' }),
  onNetworkStatusChange: () => {},
  getAccountInfoSync: () => ({ miniProgram: { appId: 'wx1234567890abcdef', version: '1.0.0', envVersion: 'release' } }),
  getLaunchOptionsSync: () => start,
  getEnterOptionsSync: () => start,
  onAppShow: (listener) => void listeners.show.push(listener),
  onAppHide: (listener) => void listeners.hide.push(listener),
  offAppShow: () => {},
  offAppHide: () => {},
  canIUse: () => true,
  // As in WeChat, `success` comes whatever the status; `fail` only if there was no answer.
  request: ({ url, method = 'GET', header, data, success, fail, complete }) => {
    const body = method === 'GET' || data === undefined ? undefined : typeof data === 'string' || data instanceof ArrayBuffer ? data : JSON.stringify(data)
    fetch(url, { method, headers: header ?? {}, body })
      .then(async (answer) => success?.({ statusCode: answer.status, data: await answer.text(), header: {} }), (error) => fail?.({ errMsg: String(error) }))
      .finally(() => complete?.({}))
  },
}

let app
const pages = []
globalThis.App = (options) => { app = options }
globalThis.Page = (options) => { pages.push(options) }
globalThis.Component = () => {}
globalThis.Behavior = (options) => options
globalThis.getApp = () => app
globalThis.getCurrentPages = () => pages

export const launch = () => {
  app.onLaunch?.(start)
  for (const listener of listeners.show) listener(start)
  app.onShow?.(start)
}
export const open = (route) => {
  const page = pages.at(-1)
  Object.assign(page, { route, __route__: route })
  page.onLoad?.({})
  page.onShow?.()
  page.onReady?.()
  return page
}
export const hide = () => {
  pages.at(-1).onHide?.()
  for (const listener of listeners.hide) listener()
  app.onHide?.()
}
export const tap = (id, name) => {
  const target = { id, dataset: { name, type: 'button' } }
  return { type: 'tap', currentTarget: target, target, detail: {}, mark: {} }
}
