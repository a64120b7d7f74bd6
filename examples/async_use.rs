//! The async forms under an executor of the program's own: twenty lines here, in a real program tokio, smol or the browser.

use nonlin::{Activation, Gpu};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Public so that a test can run it too.
pub fn main() -> nonlin::Result<()> {
    run(async {
        let gpu = Gpu::new_async().await?;
        let x = gpu.upload_async(&[-1.0, 0.0, 2.0]).await?;
        // Operations are submitted and not waited for, so they have no async form.
        let y = gpu.forward(Activation::relu(), &x)?;
        let dx = gpu.derivative(Activation::relu(), &x)?;
        assert_eq!(y.download_async().await?, [0.0, 0.0, 2.0]);
        assert_eq!(dx.download_async().await?, [0.0, 0.0, 1.0]);
        gpu.wait_async().await
    })
}

/// Runs a future on this thread, which sleeps while there is nothing to do.
fn run<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
