mock "tfconfig/v2" {
  module {
    source = "mocks/fail-in-module-config.sentinel"
  }
}

import "module" "report" {
  source = "../../../../modules/report/report.sentinel"
}

test {
  rules = {
    main = false
  }
}
