"""Tells a reader's function right from wrong by what it does.

A lab leaves a function to its reader and calls `check` on what came. The
function is tried on random cases made for that run, and its behaviour is
compared with properties that any right answer has, however it is written.
A property is a function (call, rng): it makes one case, calls the
reader's function through `call`, and says with `expect` what must hold.
What it says describes behaviour; the code of an answer stays a secret.
"""

import _thread
import copy
import io
import linecache
import signal
import textwrap
import threading
import time
import traceback
from contextlib import redirect_stdout

import numpy as np


def check(function, properties, cases=20, seconds=10, seed=None):
    """Print whether a reader's function is right, and return it if it is.

    properties: functions (call, rng), each tried on `cases` cases;
    seconds: what all of it may take; seed: of the cases, new ones each
    time if None. Prints "not written yet" for an empty function, and
    else what holds or the first thing that doesn't, with its case.
    Returns the function, or None; never raises for what a reader wrote.

    A loop that never ends is interrupted, as by Jupyter's stop button.
    That can't reach one long call inside NumPy, a loop whose bare
    `except:` catches everything, or a check outside the main thread.
    """
    name = getattr(function, "__name__", "your answer")
    if not callable(function):
        print(f"{name}: not yet. Expected a function, got {_show(function)}")
        return None
    if _is_empty(function):
        print(f"{name}: not written yet.")
        return None
    call, rng, held = Call(function, name), np.random.default_rng(seed), 0

    def try_all():
        nonlocal held
        for hold in properties:
            for _ in range(cases):
                hold(call, rng)
            held += 1

    try:
        _within(seconds, try_all)
    except TimeUp:
        fault = (f"It was still running after {seconds} seconds. Will its "
                 "loop ever end?")
    except Wrong as wrong:
        fault = str(wrong)
    except Exception:
        fault = "What it returned can't be compared with anything."
    else:
        print(f"{name}: right. All {held} properties hold, on "
              f"{held * cases} cases made for this run.")
        return function
    print(f"{name}: not yet. {held} of {len(properties)} properties hold.\n"
          f"{textwrap.fill(fault, 72)}{call.told()}")
    return None


class Wrong(Exception):
    """What a reader's function did wrong, in a sentence."""


class TimeUp(BaseException):
    """Passes every `except Exception` of a reader on its way out."""


def expect(holds, otherwise):
    """Raise Wrong, saying `otherwise`, unless `holds`."""
    if not holds:
        raise Wrong(otherwise)


def expect_array(value, shape, what="the answer"):
    """Raise Wrong unless value is a NumPy array of finite numbers."""
    expect(isinstance(value, np.ndarray), f"Expected {what} as a NumPy "
           f"array of shape {shape}, got {type(value).__name__}.")
    expect(value.shape == shape, f"Expected {what} in shape {shape}, got "
           f"shape {value.shape}.")
    expect(value.dtype.kind in "fiu", f"Expected {what} to be finite "
           f"numbers, got values of type {value.dtype.name}.")
    expect(np.isfinite(value).all(), f"Expected {what} to be finite numbers.")


def same(a, b):
    """Whether two arrays, numbers or lists have equal shapes and values."""
    # A tensor that records what is done with it must be asked for its values.
    a, b = (v.detach() if hasattr(v, "detach") else v for v in (a, b))
    return np.array_equal(np.asarray(a), np.asarray(b))


class Call:
    """A reader's function, called with care.

    Arguments go in as copies and what the function prints is dropped.
    Raises Wrong where the function raises, returns None, changes an
    argument or goes on asking for its gradient.
    """

    def __init__(self, function, name):
        self.function, self.name = function, name
        self.given, self.result = (), None

    def __call__(self, *given):
        self.given, self.result = given, None
        passed = copy.deepcopy(given)
        try:
            with redirect_stdout(io.StringIO()):
                self.result = self.function(*passed)
        except (Exception, SystemExit) as error:
            raise Wrong(f"It raised {type(error).__name__}: {error}"
                        + self._place(error)) from None
        expect(all(map(same, passed, given)), "It changed one of its "
               "arguments in place: whoever called it still needs the old "
               "values.")
        expect(not any(_asks(p) and not _asks(g)
                       for p, g in zip(passed, given)),
               "It switched on requires_grad in one of its arguments and "
               "left it on, or left a gradient there. Work on a detached "
               "copy: whoever called it goes on with the old one.")
        expect(self.result is not None, "It returned None. Does every way "
               "through it end in a return?")
        return self.result

    def _place(self, error):
        """The line of the reader's own code that raised, if it is known."""
        own = getattr(getattr(self.function, "__code__", None),
                      "co_filename", None)
        lines = [linecache.getline(own, frame.lineno).strip() for frame
                 in traceback.extract_tb(error.__traceback__)
                 if frame.filename == own]
        return f"  (in the line: {lines[-1]})" if any(lines[-1:]) else ""

    def told(self):
        """The latest call and what came of it, to be printed."""
        case = f"{self.name}({', '.join(map(_show, self.given))})"
        lines = [("case:     ", case)]
        if self.result is not None:
            lines.append(("returned: ", _show(self.result)))
        return "".join("\n" + textwrap.fill(
            text, 72, initial_indent="  " + head, subsequent_indent=12 * " ")
            for head, text in lines)


def _asks(value):
    """Whether a tensor asks for its gradient, or holds one."""
    return (getattr(value, "requires_grad", False)
            or getattr(value, "grad", None) is not None)


def _within(seconds, work):
    """Do work(); raise TimeUp in its midst when it takes too long."""
    if threading.current_thread() is not threading.main_thread():
        return work()
    lock, late, over = threading.Lock(), [], []

    def interrupt():
        with lock:
            if not over:
                late.append(True)
                _thread.interrupt_main()

    def stop(number, frame):
        raise TimeUp if late else KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    try:
        timer.start()
        try:
            return work()
        finally:
            # After this no interrupt is sent, and one sent before it
            # arrives in the next line, where `stop` receives it.
            with lock:
                over.append(True)
            time.sleep(0)
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def _show(value, most=400):
    if isinstance(value, tuple):
        return f"({', '.join(map(_show, value))})"
    text = repr(value)
    if isinstance(value, np.ndarray):
        text = f"array({value.tolist()})"
    elif hasattr(value, "detach"):  # a tensor, in lines of its own
        text = " ".join(text.split())
    return text if len(text) <= most else text[:most] + " …"


def _documented():
    """An empty function with a docstring, to compare with."""


def _is_empty(function):
    code = getattr(function, "__code__", None)
    empty = (_documented.__code__.co_code, (lambda: None).__code__.co_code)
    return (code is not None and code.co_code in empty
            and set(code.co_consts) <= {None, function.__doc__})
