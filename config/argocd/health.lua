-- Health of a DebugSession for Argo CD: global `obj` in, a table with status and message out.
-- It reads conditions, which are the contract; the phase is only shown. Argo CD runs Lua 5.1: nothing newer here.

local function find(conditions, name)
  for _, condition in ipairs(conditions or {}) do
    if condition.type == name then
      return condition
    end
  end
  return {}
end

local function describe(status, condition)
  local text = status.phase or "not looked at yet"
  if condition.reason ~= nil and condition.reason ~= "" and condition.reason ~= text then
    text = text .. ", " .. condition.reason
  end
  if condition.message ~= nil and condition.message ~= "" then
    text = text .. ": " .. condition.message
  end
  return text
end

hs = {}
local status = obj.status or {}
local generation = obj.metadata.generation or 0

-- The status is about an older spec, or (-1) the operator has not seen the session yet.
if (status.observedGeneration or -1) < generation then
  hs.status = "Progressing"
  hs.message = "waiting for the operator to see this change"
  return hs
end

local failed = find(status.conditions, "Failed")
local stop = find(status.conditions, "StopConfirmed")
local complete = find(status.conditions, "Complete")
local running = find(status.conditions, "Running")
local reconciling = find(status.conditions, "Reconciling")

-- A container that should have ended and has not comes first: somebody must look at it. One that is being ended takes a second or two.
if stop.status == "False" and stop.reason ~= "Stopping" then
  hs.status = "Degraded"
  hs.message = describe(status, stop)
elseif reconciling.status == "True" then
  hs.status = "Progressing"
  hs.message = describe(status, reconciling)
elseif failed.status == "True" then
  hs.status = "Degraded"
  hs.message = describe(status, failed)
elseif complete.status == "True" then
  hs.status = "Healthy"
  hs.message = describe(status, complete)
elseif running.status == "True" then
  hs.status = "Healthy"
  hs.message = describe(status, running)
else
  hs.status = "Progressing"
  hs.message = describe(status, reconciling)
end
return hs
