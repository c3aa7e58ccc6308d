//! Checks that are put off: long ones go to [`heavy`](super::heavy)'s threads at once, those that wait for
//! something outside when it has come. Whoever asked gets the answer by a channel.

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::check::{Answer, Checked, Checker, Run};
use super::heavy::{Heavy, Resume};
use super::held::Held;
use crate::outside::Outside;

/// Where Checks go that are put off.
#[derive(Debug, Clone)]
pub struct Later {
    heavy: Heavy,
    outside: Outside,
    /// What waits for answers runs there.
    runtime: Handle,
}

/// Who waits for a Check, and where Checks go that are put off once more.
struct Asker<A: Answer> {
    answer: A,
    reply: oneshot::Sender<A::Output>,
    later: Later,
}

// === impl Later ===

impl Later {
    /// Waits on `runtime` for what is outside.
    #[must_use]
    pub fn new(heavy: Heavy, outside: Outside, runtime: Handle) -> Self {
        Self {
            heavy,
            outside,
            runtime,
        }
    }

    /// Has a Check done that was put off; where there is no room for it, `checker` refuses it at once.
    pub fn put_off<A>(
        &self,
        checker: &Checker,
        answer: A,
        run: Box<Run>,
    ) -> oneshot::Receiver<A::Output>
    where
        A: Answer + Send + 'static,
        A::Output: Send,
    {
        let (reply, receiver) = oneshot::channel();
        let later = self.clone();
        let asker = Box::new(Asker {
            answer,
            reply,
            later,
        });
        self.go_on(checker, asker, run);
        receiver
    }

    /// Has an answer wait for room in the decision log.
    pub fn hold<T: Send + 'static>(&self, held: Box<Held<T>>) -> oneshot::Receiver<T> {
        let (reply, receiver) = oneshot::channel();
        self.hold_for(held, reply);
        receiver
    }

    fn hold_for<T: Send + 'static>(&self, held: Box<Held<T>>, reply: oneshot::Sender<T>) {
        self.runtime.spawn(async move {
            // Who asked may be gone by now.
            drop(reply.send(held.settle().await));
        });
    }

    fn go_on<A>(&self, checker: &Checker, asker: Box<Asker<A>>, run: Box<Run>)
    where
        A: Answer + Send + 'static,
        A::Output: Send,
    {
        if run.question().is_none() {
            if let Err((asker, run)) = self.heavy.submit(asker, run) {
                asker.refuse(checker, run);
            }
            return;
        }
        let (heavy, outside) = (self.heavy.clone(), self.outside.clone());
        let parent = checker.parent(&run);
        self.runtime.spawn(async move {
            let mut run = run;
            if let Some((question, deadline)) = run.question() {
                let answer = outside.answer(question.clone(), deadline, parent.as_ref());
                let answer = answer.await;
                run.tell(answer);
            }
            heavy.submit_when_there_is_room(asker, run).await;
        });
    }
}

// === impl Asker ===

impl<A> Asker<A>
where
    A: Answer + Send + 'static,
    A::Output: Send,
{
    fn settle(self: Box<Self>, checker: &Checker, checked: Checked<A::Output>) {
        match checked {
            // Who asked may be gone by now.
            Checked::Answered(output) => drop(self.reply.send(output)),
            Checked::PutOff(run) => {
                let later = self.later.clone();
                later.go_on(checker, self, run);
            }
            Checked::Held(held) => self.later.hold_for(held, self.reply),
        }
    }
}

impl<A> Resume for Asker<A>
where
    A: Answer + Send + 'static,
    A::Output: Send,
{
    fn resume(self: Box<Self>, checker: &mut Checker, run: Box<Run>) {
        let checked = checker.resume(&self.answer, *run);
        self.settle(checker, checked);
    }

    fn refuse(self: Box<Self>, checker: &Checker, run: Box<Run>) {
        let checked = checker.overloaded(&self.answer, *run);
        self.settle(checker, checked);
    }
}
