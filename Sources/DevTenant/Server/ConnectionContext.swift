import Hummingbird
import NIOCore

/// What the server knows of a request besides the request: the connection, so that it can be dropped.
struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}
